#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The programs of examples/ that use mp/pool.h.

bats_require_minimum_version 1.5.0

setup()
{
	dir=$(mktemp -d)
	bin=$BUILD/examples
	sources=$BATS_TEST_DIRNAME/../../examples
}

teardown()
{
	rm -rf "$dir"
}

@test "pool_tasks: each of 10 tasks gives its result, and the failed one fails" {
	run --separate-stderr "$bin/example_pool_tasks"
	[ "$status" -eq 0 ]
	[ "${lines[10]}" = "all 10 tasks are done" ]
	for n in 1 2 3 4 5 6 8 9 10; do
		[ "$(grep -c "^task $n gave $((n * n * n))$" <<<"$output")" -eq 1 ]
	done
	grep -qx "task 7 failed with -7" <<<"$output"
	[ "${#lines[@]}" -eq 11 ]
}

@test "map_starmap: results come in the order of their arguments" {
	run --separate-stderr "$bin/example_map_starmap"
	[ "$status" -eq 0 ]
	diff "$sources/map_starmap.out" <(echo "$output")
}

@test "hosts: each line of the file is handled, in order" {
	run --separate-stderr "$bin/example_hosts" "$sources/hosts.txt"
	[ "$status" -eq 0 ]
	diff - <(echo "$output") <<'EOF'
gateway: 1.2.0.192.in-addr.arpa
web: 80.2.0.192.in-addr.arpa
mail: 25.100.51.198.in-addr.arpa
typo: Invalid argument
backup: 7.113.0.203.in-addr.arpa
backup-v6: 7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa
6 hosts, 1 of them not understood
EOF
}

@test "hosts: a missing file is an error" {
	run "$bin/example_hosts" "$dir/none"
	[ "$status" -eq 1 ]
}

@test "copy_folder: the copy is the same, and the line ends at 100 %" {
	mkdir -p "$dir/from/a/b/c" "$dir/from/empty"
	for i in {1..50}; do
		head -c $((i * 1000)) /dev/urandom >"$dir/from/a/file $i"
	done
	: >"$dir/from/a/b/nothing"
	echo text >"$dir/from/a/b/c/text"
	chmod 600 "$dir/from/a/b/c/text"

	run --separate-stderr "$bin/example_copy_folder" "$dir/from/" "$dir/to"
	[ "$status" -eq 0 ]
	diff -r "$dir/from" "$dir/to"
	[ "$(stat -c %a "$dir/to/a/b/c/text")" = 600 ]
	[ -z "$output" ]
	# shellcheck disable=SC2154 # set by run
	percents=$(tr '\r' '\n' <<<"$stderr" | sed -n 's/^ *\([0-9]*\) %.*/\1/p')
	[ "$(tail -n1 <<<"$percents")" = 100 ]
	[ "$(sort -n <<<"$percents")" = "$percents" ]
	[ "$(wc -l <<<"$percents")" -eq 52 ]
}

@test "copy_folder: a file that cannot be copied is named, the others are copied" {
	mkdir -p "$dir/from" "$dir/to/two"
	echo 1 >"$dir/from/one"
	echo 2 >"$dir/from/two"

	run "$bin/example_copy_folder" "$dir/from" "$dir/to"
	[ "$status" -eq 1 ]
	[[ "$output" == *"two: Is a directory"* ]]
	[ "$(cat "$dir/to/one")" = 1 ]
}
