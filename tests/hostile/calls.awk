# SPDX-License-Identifier: MIT
# calls.awk - which system calls of a run could be led out of its trees
#
#     strace -ff -y -o trace -e trace=%file,clone,clone3,fork,vfork pcopy ...
#     awk -v roots='/abs/src:/abs/dst' -f calls.awk trace.*
#
# From the first fork on, in all processes, each call that takes a name has to
# go from a descriptor of a directory at or below one of the roots, take one
# component (or be an openat2 that is kept beneath), and not follow a symlink
# under that name. /proc/self/fd/N, which leads to what is held, is allowed
# where a call takes no descriptor. Prints every call that is not so, and ends
# with 1 if there is one; else prints how many it has seen. A call that is not
# known here is a violation.

BEGIN {
	n_roots = split(roots, root, ":")
	n_seen = n_bad = 0
}

function bad(why) {
	print FILENAME ":" FNR ": " why ": " $0
	n_bad++
}

# Splits the arguments of a call at the commas that are in no string, path of a
# descriptor or structure. What follows the closing parenthesis is dropped.
function split_args(text, args, i, c, depth, in_string, in_path, n, arg) {
	depth = in_string = in_path = n = 0
	arg = ""
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (in_string || in_path) {
			if (c == "\\") {
				arg = arg c
				c = substr(text, ++i, 1)
			} else if (in_string && c == "\"") {
				in_string = 0
			} else if (in_path && c == ">") {
				in_path = 0
			}
		} else if (c == "\"") {
			in_string = 1
		} else if (c == "<" && arg ~ /^(AT_FDCWD|[0-9]+)$/) {
			in_path = 1
		} else if (c == "{" || c == "[" || c == "(") {
			depth++
		} else if ((c == "}" || c == "]" || c == ")") && depth) {
			depth--
		} else if (c == ")") {
			break
		} else if (c == "," && depth == 0) {
			args[++n] = arg
			arg = ""
			i++ # the blank
			continue
		}
		arg = arg c
	}
	args[++n] = arg
	return n
}

# The text of a string argument, escapes and all.
function text_of(arg) {
	if (arg !~ /^".*"$/)
		return arg
	return substr(arg, 2, length(arg) - 2)
}

function is_proc(path) {
	return path ~ /^\/proc\/self\/fd\/[0-9]+$/
}

function is_in_a_root(fd, path, i) {
	path = fd
	if (path !~ /^[0-9]+</)
		return 0
	sub(/^[0-9]+</, "", path)
	sub(/>[^>]*$/, "", path)
	for (i = 1; i <= n_roots; i++)
		if (path == root[i] || index(path, root[i] "/") == 1)
			return 1
	return 0
}

# A name that is not resolved further than its directory.
function check_place(fd, arg, path) {
	path = text_of(arg)
	if (!is_in_a_root(fd))
		bad("not from a directory of the trees")
	else if (path == "" || path ~ /\// || path == "..")
		bad("not one component")
}

# The inode that the name leads to is used: the flags have to say that it is
# the entry itself, or what the descriptor holds.
function check_entry(fd, arg, flags, no_follow) {
	if (arg == "NULL" || (arg == "\"\"" && flags ~ /AT_EMPTY_PATH/))
		return
	check_place(fd, arg)
	if (flags !~ no_follow && text_of(arg) != ".")
		bad("follows links")
}

function check(call, a) {
	if (call == "openat")
		check_entry(a[1], a[2], a[3], "O_NOFOLLOW")
	else if (call == "openat2") {
		if (!is_in_a_root(a[1]))
			bad("not from a directory of the trees")
		if (a[3] !~ /RESOLVE_BENEATH/ || a[3] !~ /RESOLVE_NO_SYMLINKS/)
			bad("not kept beneath")
	} else if (call == "statx")
		check_entry(a[1], a[2], a[3], "AT_SYMLINK_NOFOLLOW")
	else if (call == "newfstatat" || call == "utimensat" ||
	         call == "fchmodat2")
		check_entry(a[1], a[2], a[4], "AT_SYMLINK_NOFOLLOW")
	else if (call == "fchownat")
		check_entry(a[1], a[2], a[5], "AT_SYMLINK_NOFOLLOW")
	else if (call ~ /^(mkdirat|mknodat|unlinkat|readlinkat)$/)
		check_place(a[1], a[2])
	else if (call == "symlinkat")
		check_place(a[2], a[3])
	else if (call ~ /^(renameat|renameat2|linkat)$/) {
		check_place(a[3], a[4])
		if (call == "linkat" && a[2] == "\"\"" && a[5] ~ /AT_EMPTY_PATH/)
			return
		if (call == "linkat" && is_proc(text_of(a[2])))
			return
		check_place(a[1], a[2])
		if (call == "linkat" && a[5] ~ /AT_SYMLINK_FOLLOW/)
			bad("follows links")
	} else if (call ~ /^(chmod|(get|set|list|remove)xattr)$/) {
		if (!is_proc(text_of(a[1])))
			bad("goes by a path")
	} else
		bad("is not known to be safe")
}

FNR == 1 {
	is_starting = /^execve\(/
}

/^(clone|clone3|fork|vfork)\(/ {
	is_starting = 0
	next
}

/^(\+\+\+|---)/ || is_starting {
	next
}

match($0, /^[a-z0-9_]+\(/) {
	delete args
	split_args(substr($0, RLENGTH + 1), args)
	check(substr($0, 1, RLENGTH - 1), args)
	n_seen++
	next
}

{
	bad("is not understood")
}

END {
	if (n_bad)
		exit 1
	print n_seen " calls"
}
