# SPDX-License-Identifier: MIT
# Completion of pcopy for fish; the options are those of pcopy(1).

complete -c pcopy -s j -l jobs -x -a '1 2 4 8 16 50% 100% -1' -d 'Worker processes'
complete -c pcopy -l queue-depth -x -d 'Batches of files that may wait for a worker'
complete -c pcopy -s t -l target-directory -x -a '(__fish_complete_directories)' -d 'Put a copy of each source into it'
complete -c pcopy -s n -l dry-run -d 'Change nothing, list what would be done'
complete -c pcopy -s v -l verbose -d 'List what is done to each entry'
complete -c pcopy -s q -l quiet -d 'Say nothing but what went wrong'
complete -c pcopy -s x -l one-file-system -d 'Leave out what is mounted inside a source'
complete -c pcopy -s u -d 'Replace only files that are older'
complete -c pcopy -l update -f -a 'changed older all none' -d 'Which existing files are replaced'
complete -c pcopy -l inplace -d 'Write files under their final names'
complete -c pcopy -l progress -f -a 'auto always never' -d 'When to show how far it is'
complete -c pcopy -l help -d 'Show the options'
complete -c pcopy -l version -d 'Show the version'
