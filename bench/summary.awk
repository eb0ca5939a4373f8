# SPDX-License-Identifier: MIT
# bench/summary.awk: from the files of bench/results/, a row for each case as
# docs/performance.md has it: the first tool's median, and which part it is of
# each other tool's median and (minimum), the fastest other first.

function flush(    i, j, t, text) {
	if (n == 0)
		return
	for (i = 2; i <= n; i++) # by median
		for (j = i; j > 2 && median[j] < median[j - 1]; j--) {
			t = row[j]; row[j] = row[j - 1]; row[j - 1] = t
			t = median[j]; median[j] = median[j - 1]; median[j - 1] = t
		}
	for (i = 2; i <= n; i++)
		text = text (i > 2 ? ", " : "") row[i]
	printf "| %s | %s | %s %s s | %s | %s |\n", name, what, first, prompt, text, others
	n = 0
}

BEGIN {
	print "| case | what | median | which part it is of the others\047 " \
	      "median (minimum) | others |"
	print "|---|---|---|---|---|"
}

FNR == 1 {
	flush()
	name = $0
	sub(/:.*/, "", name)
	what = $0
	sub(/^[^:]*: /, "", what)
	is_table = 0
}
$1 == "tool" {
	is_table = 1
	others_at = 0
	for (i = 1; i <= NF; i++) {
		if ($i == "med")
			med_at = i
		if ($i == "others")
			others_at = i
	}
	next
}
NF == 0 { is_table = 0 }
is_table {
	n++
	median[n] = $3
	row[n] = sprintf("%s %s (%s)", $1, $med_at, $(med_at + 1))
	if (n == 1) {
		first = $1
		prompt = $3
		others = others_at ? $others_at : "?"
	}
}
END { flush() }
