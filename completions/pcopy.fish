# SPDX-License-Identifier: MIT
# Completion of pcopy for fish; the options are those of pcopy(1).

# Letters mean other things in each mode.
function __pcopy_mode
    set -l words (commandline -opc)
    set -l mode copy
    contains -- --each $words; and set mode each
    contains -- --map $words; and set mode map
    test $mode = $argv[1]
end

# A list: what is written before the last comma stays.
function __pcopy_preserve
    set -l word (string replace -r -- '^--[a-z-]+=' '' (commandline -ct))
    set -l before (string match -r -- '^.*,' $word)
    printf '%s\n' "$before"{mode,owner,times,links,xattr,acl,flags,all}
end

complete -c pcopy -n '__pcopy_mode copy' -s j -l jobs -x -a '1 2 4 8 16 50% 100% -1' -d 'Worker processes'
complete -c pcopy -n '__pcopy_mode copy' -l queue-depth -x -d 'Batches of files that may wait for a worker'
complete -c pcopy -n '__pcopy_mode copy' -s t -l target-directory -x -a '(__fish_complete_directories)' -d 'Put a copy of each source into it'
complete -c pcopy -n '__pcopy_mode copy' -s T -l no-target-directory -d 'The destination is the copy itself'
complete -c pcopy -n '__pcopy_mode copy' -l mkpath -d 'Make the missing parents of the destination'
complete -c pcopy -n '__pcopy_mode copy' -l parents -d 'Put copies in under the paths of their sources'
complete -c pcopy -n '__pcopy_mode copy' -l relative -d 'The same, behind a /./ in them'
complete -c pcopy -n '__pcopy_mode copy' -s n -l dry-run -d 'Change nothing, list what would be done'
complete -c pcopy -n '__pcopy_mode copy' -s v -l verbose -d 'List what is done to each entry'
complete -c pcopy -n '__pcopy_mode copy' -s q -l quiet -d 'Say nothing but what went wrong'
complete -c pcopy -n '__pcopy_mode copy' -s x -l one-file-system -d 'Leave out what is mounted inside a source'
complete -c pcopy -n '__pcopy_mode copy' -s u -d 'Replace only files that are older'
complete -c pcopy -n '__pcopy_mode copy' -l update -f -a 'changed older all none' -d 'Which existing files are replaced'
complete -c pcopy -n '__pcopy_mode copy' -l preserve -x -a '(__pcopy_preserve)' -d 'Keep these, and let a loss count'
complete -c pcopy -n '__pcopy_mode copy' -l no-preserve -x -a '(__pcopy_preserve)' -d 'Do not keep these'
complete -c pcopy -n '__pcopy_mode copy' -s L -l dereference -d 'Copy what symbolic links lead to'
complete -c pcopy -n '__pcopy_mode copy' -s H -d 'The same for a source that is a symbolic link'
complete -c pcopy -n '__pcopy_mode copy' -l safe-links -d 'Leave out symbolic links that lead out of the tree'
complete -c pcopy -n '__pcopy_mode copy' -l reflink -x -a 'auto always never' -d 'Share blocks with the source'
complete -c pcopy -n '__pcopy_mode copy' -l sparse -x -a 'auto always never' -d 'Leave holes'
complete -c pcopy -n '__pcopy_mode copy' -l force -d 'Let directories and others replace each other, change what is immutable'
complete -c pcopy -n '__pcopy_mode copy' -l inplace -d 'Write files under their final names'
complete -c pcopy -n '__pcopy_mode copy' -l progress -f -a 'auto always never' -d 'When to show how far it is'
complete -c pcopy -l each -d 'Run a command for each file instead'
complete -c pcopy -l map -d 'Make each file by a command instead'
complete -c pcopy -l help -d 'Show the options'
complete -c pcopy -l version -d 'Show the version'

complete -c pcopy -n '__pcopy_mode each' -s a -l arg-file -r -F -d 'Take the items from a list'
complete -c pcopy -n '__pcopy_mode each' -s 0 -l null -d 'Records end with NUL'
complete -c pcopy -n '__pcopy_mode each' -s d -l columns -x -d 'What splits columns'
complete -c pcopy -n '__pcopy_mode each' -s e -l extension -x -d 'Only files with this extension'
complete -c pcopy -n '__pcopy_mode each' -s g -l glob -x -d 'Only names that match'
complete -c pcopy -n '__pcopy_mode each' -s t -l type -x -a 'f d l' -d 'Types'
complete -c pcopy -n '__pcopy_mode each' -s x -l one-file-system -d 'Leave out what is mounted inside a path'
complete -c pcopy -n '__pcopy_mode each' -s L -l dereference -d 'Take links for what they lead to'
complete -c pcopy -n '__pcopy_mode each' -s n -l items -x -d 'Items for each run, 0 as many as fit'
complete -c pcopy -n '__pcopy_mode each' -s s -l script -x -d 'Run sh -c with the item as $1'
complete -c pcopy -n '__pcopy_mode each' -s j -l jobs -x -a '1 2 4 8 16 50% 100% -1' -d 'Jobs at a time'
complete -c pcopy -n '__pcopy_mode each' -l queue-depth -x -d 'Let so many jobs wait for a worker'
complete -c pcopy -n '__pcopy_mode each' -s k -l keep-order -d 'Show output in the order of the items'
complete -c pcopy -n '__pcopy_mode each' -l lb -d 'Show whole lines as they come'
complete -c pcopy -n '__pcopy_mode each' -s u -l ungroup -d 'Commands write themselves'
complete -c pcopy -n '__pcopy_mode each' -l tty -d 'Jobs get the terminal, one after another'
complete -c pcopy -n '__pcopy_mode each' -l tag -d 'Put the item before each line'
complete -c pcopy -n '__pcopy_mode each' -l results -x -a '(__fish_complete_directories)' -d 'Put what jobs print into files'
complete -c pcopy -n '__pcopy_mode each' -l tries -x -d 'Run a job that fails so often in all'
complete -c pcopy -n '__pcopy_mode each' -l timeout -x -d 'Terminate a job after'
complete -c pcopy -n '__pcopy_mode each' -l kill-after -x -d 'Kill what was terminated after'
complete -c pcopy -n '__pcopy_mode each' -l halt -x -a 'never soon,fail=1 now,fail=1 soon,fail=10%' -d 'When to stop'
complete -c pcopy -n '__pcopy_mode each' -l load -x -d 'Start no job while so many tasks run'
complete -c pcopy -n '__pcopy_mode each' -l memfree -x -d 'Start no job while less memory is available'
complete -c pcopy -n '__pcopy_mode each' -l delay -x -d 'Time between the starts of two jobs'
complete -c pcopy -n '__pcopy_mode each' -l joblog -r -F -d 'Log each run'
complete -c pcopy -n '__pcopy_mode each' -l resume -d 'Skip what the job log says is done'
complete -c pcopy -n '__pcopy_mode each' -l failed -r -F -d 'Write the items that failed'
complete -c pcopy -n '__pcopy_mode each' -l dry-run -d 'Run nothing, list the commands'
complete -c pcopy -n '__pcopy_mode each' -s v -l verbose -d 'List each command when it starts'
complete -c pcopy -n '__pcopy_mode each' -s q -l quiet -d 'Say nothing but what went wrong'
complete -c pcopy -n '__pcopy_mode each' -l progress -f -a 'auto always never' -d 'When to show how far it is'

complete -c pcopy -n '__pcopy_mode map' -l to -x -d 'Name of an output'
complete -c pcopy -n '__pcopy_mode map' -s e -l extension -x -d 'Only files with this extension'
complete -c pcopy -n '__pcopy_mode map' -s g -l glob -x -d 'Only names that match'
complete -c pcopy -n '__pcopy_mode map' -l else -x -a 'copy link skip' -d 'What becomes of anything else'
complete -c pcopy -n '__pcopy_mode map' -l stale -x -a 'auto hash always' -d 'When an output is made again'
complete -c pcopy -n '__pcopy_mode map' -l ignore-cmd -d 'Another command is no reason to make it again'
complete -c pcopy -n '__pcopy_mode map' -l times -d 'Take the times of the sources'
complete -c pcopy -n '__pcopy_mode map' -l delete -d 'Delete outputs whose source is gone'
complete -c pcopy -n '__pcopy_mode map' -l adopt -d 'Take outputs that are there for up to date'
complete -c pcopy -n '__pcopy_mode map' -l check -d 'Run nothing, compare outputs with the record'
complete -c pcopy -n '__pcopy_mode map' -s n -l dry-run -d 'Change nothing, list what would be done and why'
complete -c pcopy -n '__pcopy_mode map' -s v -l verbose -d 'List what is done'
complete -c pcopy -n '__pcopy_mode map' -s j -l jobs -x -a '1 2 4 8 16 50% 100% -1' -d 'Jobs at a time'
complete -c pcopy -n '__pcopy_mode map' -l queue-depth -x -d 'Let so many jobs wait for a worker'
complete -c pcopy -n '__pcopy_mode map' -s k -l keep-order -d 'Show what commands print in order'
complete -c pcopy -n '__pcopy_mode map' -l lb -d 'Show whole lines as they come'
complete -c pcopy -n '__pcopy_mode map' -s u -l ungroup -d 'Commands write themselves'
complete -c pcopy -n '__pcopy_mode map' -l tty -d 'Jobs get the terminal, one after another'
complete -c pcopy -n '__pcopy_mode map' -l tag -d 'Put the source before each line'
complete -c pcopy -n '__pcopy_mode map' -l tries -x -d 'Run a job that fails so often in all'
complete -c pcopy -n '__pcopy_mode map' -l timeout -x -d 'Terminate a job after'
complete -c pcopy -n '__pcopy_mode map' -l kill-after -x -d 'Kill what was terminated after'
complete -c pcopy -n '__pcopy_mode map' -l halt -x -a 'never soon,fail=1 now,fail=1 soon,fail=10%' -d 'When to stop'
complete -c pcopy -n '__pcopy_mode map' -l joblog -r -F -d 'Log each run'
complete -c pcopy -n '__pcopy_mode map' -l failed -r -F -d 'Write the sources that failed'
complete -c pcopy -n '__pcopy_mode map' -s q -l quiet -d 'Say nothing but what went wrong'
complete -c pcopy -n '__pcopy_mode map' -l progress -f -a 'auto always never' -d 'When to show how far it is'
