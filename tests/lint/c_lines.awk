# SPDX-License-Identifier: MIT
# The rules about single lines and functions of C files: prints
# FILE:LINE: RULE: what, for the rules named in -v rules=" a b ".
# FILENAME is relative to the top. See rules.sh for what each rule says.

BEGIN {
	n = split("base mp fs engine cli", floor_names, " ")
	may["base"] = " base "
	may["mp"] = " base mp "
	may["fs"] = " base fs "
	may["engine"] = " base mp fs engine "
	may["cli"] = " base mp fs engine cli "
	may["examples"] = " base mp "
	may["tools"] = " base "
	begins = "[^A-Za-z0-9_.>]"
	ends = ")[ \t]*\\("
	banned = begins "(strcpy|strcat|sprintf|vsprintf|strtok|gmtime" \
		"|localtime|system|gets|alloca" ends
	path_based = begins "(open|open64|creat|fopen|opendir|stat|lstat" \
		"|statfs|statvfs|access|chmod|lchmod|chown|lchown|mkdir" \
		"|mkfifo|mknod|rename|remove|unlink|rmdir|symlink|link" \
		"|readlink|realpath|truncate|utime|utimes|lutimes|chdir" \
		"|l?getxattr|l?setxattr|l?listxattr|l?removexattr|nftw|ftw" \
		ends "|" begins "AT_FDCWD[^A-Za-z0-9_]"
	printing = begins "(v?printf|v?fprintf|v?dprintf|puts|fputs|putchar" \
		"|fputc|perror|psignal|diag_say|diag_fault" ends
}

function fault(rule, what) {
	if (index(rules, " " rule " "))
		printf "%s:%d: %s: %s\n", FILENAME, FNR, rule, what
}

# The line without comments, and with empty strings.
function code_of(line,    out, token) {
	out = ""
	while (line != "") {
		if (in_comment) {
			if (!match(line, /\*\//))
				return out
			in_comment = 0
			line = " " substr(line, RSTART + 2)
			continue
		}
		if (!match(line, /\/\*|\/\/|"|'/))
			return out line
		out = out substr(line, 1, RSTART - 1)
		token = substr(line, RSTART, RLENGTH)
		line = substr(line, RSTART + RLENGTH)
		if (token == "//")
			return out
		if (token == "/*") {
			in_comment = 1
			continue
		}
		out = out token token
		if (token == "'")
			match(line, /^([^'\\]|\\.)*'/)
		else
			match(line, /^([^"\\]|\\.)*"/)
		if (RLENGTH > 0)
			line = substr(line, RLENGTH + 1)
	}
	return out
}

# Which floor the present file stands on, "" if none.
function floor_of(path,    part) {
	split(path, part, "/")
	if (part[1] == "src")
		return part[2]
	if (part[1] == "examples")
		return part[1]
	if (part[1] == "tests" && part[2] == "tools")
		return part[2]
	if (part[1] == "tests" && part[2] == "unit" &&
	    match(part[3], /^test_[a-z]+_/))
		return substr(part[3], 6, RLENGTH - 6)
	return ""
}

function check_include(line,    path, target) {
	match(line, /"[^"]*"/)
	path = substr(line, RSTART + 1, RLENGTH - 2)
	target = path
	sub(/\/.*/, "", target)
	if (path !~ /\//) {
		if (in_src)
			fault("floors", "include \"" path "\" names no floor")
	} else if (!index(may[floor], " " target " ")) {
		fault("floors", floor " may not include \"" path "\"")
	}
}

FNR == 1 {
	in_comment = in_typedef = body_start = 0
	above = ""
	floor = floor_of(FILENAME)
	in_src = FILENAME ~ /^src\//
	is_quiet = FILENAME ~ /^src\/(mp|fs|engine)\//
	is_by_descriptor = FILENAME ~ /^src\/(fs|engine)\//
	if ((in_src || floor != "") && !(floor in may))
		fault("floors", "no such floor: " floor)
}

{
	marked = index($0 above, "/* lint: path")
	above = $0
	line = " " code_of($0)
}

/^[ \t]*#[ \t]*include[ \t]+"/ {
	if (floor in may)
		check_include($0)
	next
}

line ~ banned {
	fault("banned", "a banned call: " $0)
}

is_by_descriptor && line ~ path_based && line !~ /proc_path\(/ && !marked {
	fault("paths", "by path, not by descriptor: " $0)
}

is_quiet && line ~ printing {
	fault("prints", "only src/cli prints: " $0)
}

line ~ /^ typedef[ \t]/ {
	in_typedef = 1
}

in_typedef && line ~ /[A-Za-z0-9]_t([ \t]*\([^;]*\))?;/ && line ~ /typedef|^ }/ {
	fault("typedefs", "the system owns names in _t: " $0)
}

line ~ /;/ && line !~ /^ [ \t]/ {
	in_typedef = 0
}

line ~ /^ \{/ {
	body_start = FNR
}

line ~ /^ \}/ {
	if (body_start && FNR - body_start - 1 > 80)
		fault("function", FNR - body_start - 1 " lines in a function")
	body_start = 0
}
