/* SPDX-License-Identifier: MIT */
/* queue_stress N_RECORDS N_SLOTS [SEED] - queues whose users are killed
 *
 *   producers --[tasks]--> movers --[replies]--> this process, in poll
 *
 * Both queues have N_SLOTS slots. Producers and movers are killed at random
 * moments, reaped, recovered and replaced, in turns with times of peace in
 * which a lost wakeup would not be made good by a recover: sleeps have no
 * slices here, so it would be a hang. At the end each record is accounted for:
 * - one whose put returned arrived at least once;
 * - one whose producer died in its put arrived or did not;
 * - none arrived more often than 1 + the number of movers that died with it. */
#include "base/mono.h"
#include "mp/queue.h"
#include "mp/queue_private.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_PRODUCERS 3
#define N_MOVERS    4
#define N_WORKERS   (N_PRODUCERS + N_MOVERS)
#define LIMIT_S     240
#define TAIL_MAX    48

/* Producers send their numbers in turn; which were begun and which were done
 * is known after their death. */
struct progress {
	_Atomic uint64_t n_begun, n_done;
};

struct record {
	uint64_t id;
	uint32_t n_tries; /* counted by movers in the slot itself */
	uint32_t n_tail;
	unsigned char tail[TAIL_MAX];
};

struct worker {
	pid_t pid;
	bool is_killed, is_over;
};

static uint64_t n_each;           /* records of one producer */
static struct progress *progress; /* shared, of each producer */
static struct mp_queue *tasks, *replies;
static struct worker workers[N_WORKERS]; /* producers, then movers */
static unsigned char *n_seen, *n_retries, *is_uncertain; /* by id */
static uint64_t n_replies, n_kills, n_in_hand;
static unsigned n_over[2]; /* producers, movers */

#define DEMAND(condition)                           \
	do {                                        \
		if (!(condition))                   \
			fail(__LINE__, #condition); \
	} while (0)

static _Noreturn void fail(int line, const char *what)
{
	fprintf(stderr, "queue_stress: line %d: not true: %s\n", line, what);
	_exit(1);
}

static uint64_t random_state;

/* xorshift64* (Vigna 2016) */
static uint64_t random_below(uint64_t n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * UINT64_C(2685821657736338717) >> 33) % n;
}

static size_t record_len(const struct record *record)
{
	return offsetof(struct record, tail) + record->n_tail;
}

static void fill(struct record *record, uint64_t id)
{
	record->id = id;
	record->n_tries = 0;
	record->n_tail = (uint32_t)(id % (TAIL_MAX + 1));
	memset(record->tail, (int)(id * 31 & 0xff), record->n_tail);
}

static void check(const struct record *record, size_t len)
{
	struct record want;

	DEMAND(record->id < n_each * N_PRODUCERS);
	fill(&want, record->id);
	DEMAND(len == record_len(&want) && record->n_tail == want.n_tail);
	DEMAND(memcmp(record->tail, want.tail, want.n_tail) == 0);
}

static void produce(unsigned index)
{
	struct progress *mine = &progress[index];
	uint64_t i = atomic_load(&mine->n_begun);
	struct record copy;
	void *record;

	for (; i < n_each; i++) {
		uint64_t id = index * n_each + i;

		atomic_store(&mine->n_begun, i + 1);
		if (index == 0) {
			fill(&copy, id);
			DEMAND(mp_queue_put(tasks, &copy, record_len(&copy),
			                    -1) == 0);
		} else {
			DEMAND(mp_queue_reserve(tasks, &record, -1) == 0);
			if (id % 16 == 0) {
				mp_queue_cancel(tasks, record);
				DEMAND(mp_queue_reserve(tasks, &record, -1) ==
				       0);
			}
			fill(record, id);
			mp_queue_publish(tasks, record, record_len(record));
		}
		atomic_store(&mine->n_done, i + 1);
	}
}

/* Takes tasks and sends each on before it is done with it. */
static void move_taken(int timeout_ms, bool gives_back)
{
	void *taken;
	size_t len;
	int result;

	while ((result = mp_queue_take(tasks, &taken, &len, timeout_ms)) != 0) {
		struct record *record = taken;

		if (result == -ETIMEDOUT)
			continue;
		DEMAND(result == 1);
		check(record, len);
		record->n_tries++;
		DEMAND(record->n_tries <= mp_queue_n_takes(tasks, taken));
		if (gives_back && random_below(16) == 0) {
			mp_queue_give_back(tasks, taken);
			continue;
		}
		DEMAND(mp_queue_put(replies, taken, len, -1) == 0);
		mp_queue_done(tasks, taken);
	}
}

/* What it got is lost if it dies, so it is the one that is not killed. */
static void move_got(void)
{
	struct record record;
	size_t len;
	int result;

	while ((result = mp_queue_get(tasks, &record, sizeof(record), &len,
	                              -1)) != 0) {
		DEMAND(result == 1);
		check(&record, len);
		DEMAND(mp_queue_put(replies, &record, len, -1) == 0);
	}
}

static void start(unsigned index)
{
	struct worker *worker = &workers[index];

	random_state += 2;
	*worker = (struct worker){.pid = fork()};
	DEMAND(worker->pid >= 0);
	if (worker->pid > 0)
		return;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (index < N_PRODUCERS)
		produce(index);
	else if (index == N_PRODUCERS)
		move_got();
	else
		move_taken(index == N_PRODUCERS + 1 ? 1 : -1,
		           index == N_PRODUCERS + 2);
	_exit(0);
}

static enum mp_queue_verdict judge(void *ctx, void *taken, size_t *len,
                                   unsigned n_takes)
{
	const struct record *record = taken;

	(void)ctx;
	check(record, *len);
	DEMAND(record->n_tries <= n_takes);
	DEMAND(n_retries[record->id] < UCHAR_MAX);
	n_retries[record->id]++;
	return MP_QUEUE_RETRY;
}

static void bury(unsigned index)
{
	struct worker *worker = &workers[index];
	siginfo_t info = {0};

	DEMAND(waitid(P_PID, (id_t)worker->pid, &info, WEXITED | WNOHANG) == 0);
	if (info.si_pid == 0)
		return;
	if (info.si_code == CLD_EXITED) {
		DEMAND(info.si_status == 0);
		worker->is_over = true;
		n_over[index >= N_PRODUCERS]++;
		return;
	}
	DEMAND(info.si_code == CLD_KILLED && worker->is_killed);
	size_t n = mp_queue_recover(tasks, info.si_pid, judge, NULL);
	DEMAND(n <= (index >= N_PRODUCERS));
	n_in_hand += n;
	DEMAND(mp_queue_recover(replies, info.si_pid, judge, NULL) == 0);
	if (index < N_PRODUCERS) {
		uint64_t n_begun = atomic_load(&progress[index].n_begun);
		if (atomic_load(&progress[index].n_done) < n_begun)
			is_uncertain[index * n_each + n_begun - 1] = 1;
	}
	start(index);
}

static void bury_the_dead(int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) > 0) {
		/* Several deaths may be one signal. */
	}
	for (unsigned i = 0; i < N_WORKERS; i++) {
		if (!workers[i].is_over)
			bury(i);
	}
	if (n_over[0] == N_PRODUCERS && !mp_queue_is_closed(tasks))
		mp_queue_close(tasks);
	if (n_over[1] == N_MOVERS && !mp_queue_is_closed(replies))
		mp_queue_close(replies);
}

static void kill_one(void)
{
	unsigned index = (unsigned)random_below(N_WORKERS);
	struct worker *worker = &workers[index];

	if (index == N_PRODUCERS || worker->is_over || worker->is_killed)
		return;
	worker->is_killed = true;
	n_kills++;
	DEMAND(kill(worker->pid, SIGKILL) == 0);
}

/* War for one twentieth of the records, peace for the next. */
static bool is_war(void)
{
	return n_replies / (n_each * N_PRODUCERS / 20 + 1) % 2 == 0;
}

/* False when all has arrived. */
static bool take_replies(void)
{
	struct record record;
	size_t len;
	int result;

	while ((result = mp_queue_get(replies, &record, sizeof(record), &len,
	                              0)) == 1) {
		check(&record, len);
		DEMAND(n_seen[record.id] < UCHAR_MAX);
		n_seen[record.id]++;
		n_replies++;
	}
	DEMAND(result == 0 || result == -EAGAIN);
	return result != 0;
}

static void run(int deaths_fd)
{
	struct pollfd fds[] = {
		{.fd = mp_queue_fd(replies, MP_QUEUE_READER), .events = POLLIN},
		{.fd = deaths_fd, .events = POLLIN},
	};
	int64_t next_kill = 0;

	while (take_replies()) {
		if (is_war() && mono_now_ns() >= next_kill) {
			kill_one();
			next_kill = mono_now_ns() +
			            (int64_t)random_below(NS_PER_MS / 2);
		}
		if (!mp_queue_arm(replies, MP_QUEUE_READER, 1)) {
			/* In peace nothing but a ring or a death wakes it. */
			(void)poll(fds, 2,
			           is_war() ? mono_left_ms(next_kill) : -1);
			if (fds[0].revents)
				mp_queue_disarm(replies, MP_QUEUE_READER);
		} else {
			(void)poll(&fds[1], 1, 0);
		}
		if (fds[1].revents)
			bury_the_dead(deaths_fd);
	}
}

static void account(uint64_t n_records)
{
	uint64_t n_twice = 0, n_uncertain = 0;

	for (uint64_t id = 0; id < n_records; id++) {
		DEMAND(n_seen[id] >= 1 || is_uncertain[id]);
		DEMAND(n_seen[id] <= 1 + n_retries[id]);
		n_twice += n_seen[id] > 1;
		n_uncertain += is_uncertain[id];
	}
	DEMAND(mp_ring_count(tasks, MP_SLOT_FREE) == mp_queue_n_slots(tasks));
	DEMAND(mp_ring_count(replies, MP_SLOT_FREE) ==
	       mp_queue_n_slots(replies));
	DEMAND(n_kills > 0);
	printf("%" PRIu64 " records, %zu slots: %" PRIu64 " killed, %" PRIu64
	       " with a task in hand (%" PRIu64 " came twice), %" PRIu64
	       " in a put\n",
	       n_records, mp_queue_n_slots(tasks), n_kills, n_in_hand, n_twice,
	       n_uncertain);
}

int main(int argc, char **argv)
{
	size_t n_slots = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	void *memory = NULL;
	sigset_t deaths;

	n_each = argc > 2 ? strtoull(argv[1], NULL, 10) / N_PRODUCERS : 0;
	random_state = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
	if (n_each == 0 || n_slots == 0 || random_state == 0) {
		fprintf(stderr,
		        "usage: queue_stress N_RECORDS N_SLOTS [SEED]\n");
		return 2;
	}
	uint64_t n_records = n_each * N_PRODUCERS;
	(void)alarm(LIMIT_S);
	mp_queue_slice_ns = INT64_C(1000000) * NS_PER_S;
	n_seen = calloc(n_records, 1);
	n_retries = calloc(n_records, 1);
	is_uncertain = calloc(n_records, 1);
	DEMAND(n_seen && n_retries && is_uncertain);
	DEMAND(mp_shm_map(N_PRODUCERS * sizeof(*progress), &memory) == 0);
	progress = memory;
	DEMAND(mp_queue_create(n_slots, sizeof(struct record), &tasks) == 0);
	DEMAND(mp_queue_create(n_slots, sizeof(struct record), &replies) == 0);
	(void)sigemptyset(&deaths);
	(void)sigaddset(&deaths, SIGCHLD);
	DEMAND(sigprocmask(SIG_BLOCK, &deaths, NULL) == 0);
	int deaths_fd = signalfd(-1, &deaths, SFD_CLOEXEC | SFD_NONBLOCK);
	DEMAND(deaths_fd >= 0);
	for (unsigned i = 0; i < N_WORKERS; i++)
		start(i);
	run(deaths_fd);
	account(n_records);
	mp_queue_destroy(tasks);
	mp_queue_destroy(replies);
	mp_shm_unmap(progress, N_PRODUCERS * sizeof(*progress));
	free(n_seen);
	free(n_retries);
	free(is_uncertain);
	return 0;
}
