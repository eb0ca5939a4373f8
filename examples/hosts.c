/* SPDX-License-Identifier: MIT */
/* Hosts are read from a file, one a line, and handled in parallel: here each
 * worker works out the name under which the address of its host would be looked
 * up. Nothing goes over the network.
 *
 *     example_hosts FILE */
#include "mp/pool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_WORKERS 4
#define HOSTS_MAX 1000

static int name_v4(const unsigned char *address, char *name, size_t size)
{
	return snprintf(name, size, "%u.%u.%u.%u.in-addr.arpa", address[3],
	                address[2], address[1], address[0]);
}

static int name_v6(const unsigned char *address, char *name, size_t size)
{
	int len = 0;

	for (int i = 15; i >= 0; i--)
		len += snprintf(name + len, size - (size_t)len, "%x.%x.",
		                address[i] & 0xfu, address[i] >> 4u);
	return len + snprintf(name + len, size - (size_t)len, "ip6.arpa");
}

/* In a worker: the argument is a line of the file. */
static int handle_host(const void *arg, UNUSED size_t len,
                       struct mp_output *output)
{
	unsigned char address[16];
	char text[64], name[128];
	int name_len;

	if (sscanf(arg, "%*s %63s", text) != 1)
		return -EINVAL;
	if (inet_pton(AF_INET, text, address) == 1)
		name_len = name_v4(address, name, sizeof(name));
	else if (inet_pton(AF_INET6, text, address) == 1)
		name_len = name_v6(address, name, sizeof(name));
	else
		return -EINVAL;
	return mp_output_add(output, name, (size_t)name_len);
}

/* Lines that are neither empty nor a comment, each with its NUL. */
static size_t read_hosts(const char *path, struct mp_bytes *hosts)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0, n = 0;

	if (!file) {
		perror(path);
		exit(1);
	}
	while (n < HOSTS_MAX && getline(&line, &size, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		hosts[n++] = (struct mp_bytes){line, strlen(line) + 1};
		line = NULL;
		size = 0;
	}
	free(line);
	fclose(file);
	return n;
}

static void show(const char *host, const struct mp_result *result)
{
	int name_len = (int)strcspn(host, " \t");

	if (result->error)
		printf("%.*s: %s\n", name_len, host, strerror(-result->error));
	else
		printf("%.*s: %.*s\n", name_len, host, (int)result->len,
		       (const char *)result->data);
}

int main(int argc, char **argv)
{
	static struct mp_bytes hosts[HOSTS_MAX];
	static struct mp_result results[HOSTS_MAX];
	struct mp_pool *pool;
	int n_failed;
	size_t n;

	if (argc != 2 || mp_pool_create(N_WORKERS, NULL, &pool) != 0)
		return 2;
	n = read_hosts(argv[1], hosts);
	n_failed = mp_pool_map(pool, handle_host, hosts, n, results);
	mp_pool_close(pool);
	if (n_failed < 0 || mp_pool_join(pool, -1) != 0)
		return 1;
	for (size_t i = 0; i < n; i++) {
		show(hosts[i].data, &results[i]);
		free((void *)(uintptr_t)hosts[i].data);
	}
	printf("%zu hosts, %d of them not understood\n", n, n_failed);
	mp_results_release(results, n);
	mp_pool_destroy(pool);
	return 0;
}
