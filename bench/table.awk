# SPDX-License-Identifier: MIT
# bench/table.awk: from lines "TOOL prompt disk user sys own ..." to a table.
# min, median, +sync (median including syncfs), CPU (median and minimum of the
# whole process tree), of which the command's first process (pcopy: the
# master), and of all else on the machine meanwhile; MiB of it, of the largest below it, of all together; then the
# part that the first tool's median, minimum and CPU are of this one's, and
# what the oracle says: "same", or what was not kept.

function sorted(text, out,    n, i, j, t) {
	n = split(text, out, " ")
	for (i = 2; i <= n; i++) {
		t = out[i] + 0
		for (j = i - 1; j > 0 && out[j] + 0 > t; j--)
			out[j + 1] = out[j]
		out[j + 1] = t
	}
	return n
}

function median(text,    a, n) {
	n = sorted(text, a)
	return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
}

function minimum(text,    a) {
	sorted(text, a)
	return a[1]
}

function ratio(a, b) {
	return b > 0 ? sprintf("%.2f", a / b) : "-"
}

function seconds(x) {
	return sprintf(x < 0.1 ? "%.4f" : "%.3f", x)
}

BEGIN {
	while ((getline line < kept) > 0) {
		tool = line
		sub(/ .*/, "", tool)
		sub(/^[^ ]* /, "", line)
		lost[tool] = line
	}
	while ((getline line < memory) > 0) {
		split(line, f, " ")
		own[f[1]] = f[8]
		below[f[1]] = f[9]
		together[f[1]] = f[10]
	}
}

{
	if (!($1 in prompt))
		order[++n_tools] = $1
	prompt[$1] = prompt[$1] " " $2
	disk[$1] = disk[$1] " " $3
	cpu[$1] = cpu[$1] " " ($4 + $5)
	first[$1] = first[$1] " " $6
	others[$1] = others[$1] " " $7
}

END {
	format = "%-16s %7s %7s %7s %7s %7s %6s %6s %6s %6s %6s %6s %6s %6s  %s\n"
	printf format, "tool", "min", "median", "+sync", "cpu", "cpumin",
	       "cpu1st", "others", "MiB", "below", "all", "med", "min", "cpu", "not kept"
	base = order[1]
	for (i = 1; i <= n_tools; i++) {
		t = order[i]
		printf format, t,
		       seconds(minimum(prompt[t])),
		       seconds(median(prompt[t])),
		       seconds(median(disk[t])),
		       seconds(median(cpu[t])),
		       seconds(minimum(cpu[t])),
		       sprintf("%.2f", median(first[t])),
		       sprintf("%.2f", median(others[t])),
		       sprintf("%.1f", own[t] / 1024),
		       sprintf("%.1f", below[t] / 1024),
		       sprintf("%.1f", together[t] / 1024),
		       ratio(median(prompt[base]), median(prompt[t])),
		       ratio(minimum(prompt[base]), minimum(prompt[t])),
		       ratio(minimum(cpu[base]), minimum(cpu[t])), lost[t]
	}
}
