/* SPDX-License-Identifier: MIT */
#include "together.h"

#include "mp/pipe.h"

#include <poll.h>
#include <sys/socket.h>

#define MIB ((size_t)1 << 20)

static void make(bool is_duplex, struct mp_pipe *ends[2])
{
	CHECK_INT(mp_pipe_create(is_duplex, ends), 0);
}

static void close_both(struct mp_pipe *ends[2])
{
	mp_pipe_close(ends[0]);
	mp_pipe_close(ends[1]);
}

/* Bytes that are not the same at any two near places. */
static char *pattern(size_t len)
{
	char *data = malloc(len);

	CHECK(data != NULL);
	for (size_t i = 0; i < len; i++)
		data[i] = (char)(i ^ i >> 8 ^ i >> 16);
	return data;
}

static void expect_text(struct mp_pipe *end, const char *want)
{
	char text[100];
	size_t len;

	CHECK_INT(mp_pipe_recv(end, text, sizeof(text) - 1, &len, -1), 1);
	text[len] = '\0';
	CHECK_STR(text, want);
}

static void send_text(struct mp_pipe *end, const char *text)
{
	CHECK_INT(mp_pipe_send(end, text, strlen(text), -1), 0);
}

CASE(messages_keep_their_bounds_and_order)
{
	struct mp_pipe *ends[2];

	make(false, ends);
	send_text(ends[1], "one");
	send_text(ends[1], "");
	send_text(ends[1], "three");

	expect_text(ends[0], "one");
	expect_text(ends[0], "");
	expect_text(ends[0], "three");
	close_both(ends);
}

CASE(duplex_goes_both_ways)
{
	struct mp_pipe *ends[2];

	make(true, ends);
	send_text(ends[0], "ping");
	send_text(ends[1], "pong");

	expect_text(ends[1], "ping");
	expect_text(ends[0], "pong");
	close_both(ends);
}

CASE(one_way_pipe_refuses_the_other_way)
{
	struct mp_pipe *ends[2];
	struct buf buf = {0};
	size_t len;

	make(false, ends);
	CHECK_INT(mp_pipe_send(ends[0], "x", 1, 0), -EBADF);
	CHECK_INT(mp_pipe_recv(ends[1], &len, sizeof(len), &len, 0), -EBADF);
	CHECK_INT(mp_pipe_recv_buf(ends[1], &buf, 0), -EBADF);
	close_both(ends);
	mp_pipe_close(NULL);
}

CASE(empty_pipe_says_again_or_times_out)
{
	struct mp_pipe *ends[2];
	struct buf buf = {0};
	int64_t before_ns;
	size_t len;
	char c;

	make(false, ends);
	CHECK_INT(mp_pipe_recv(ends[0], &c, 1, &len, 0), -EAGAIN);
	CHECK_INT(mp_pipe_recv_buf(ends[0], &buf, 0), -EAGAIN);
	before_ns = mono_now_ns();
	CHECK_INT(mp_pipe_recv(ends[0], &c, 1, &len, 30), -ETIMEDOUT);
	CHECK(mono_now_ns() - before_ns >= 30 * NS_PER_MS);
	close_both(ends);
}

CASE(message_that_does_not_fit_stays)
{
	struct mp_pipe *ends[2];
	char text[4];
	size_t len = 0;

	make(false, ends);
	send_text(ends[1], "hello");
	send_text(ends[1], "next");
	CHECK_INT(mp_pipe_recv(ends[0], text, sizeof(text), &len, -1),
	          -EMSGSIZE);
	CHECK_INT(len, 5);
	CHECK_INT(mp_pipe_recv(ends[0], NULL, 0, &len, 0), -EMSGSIZE);

	expect_text(ends[0], "hello");
	expect_text(ends[0], "next");
	close_both(ends);
}

CASE(buffer_takes_any_length)
{
	struct mp_pipe *ends[2];
	struct buf buf = {0};

	make(false, ends);
	buf_append_str(&buf, "what was there before");
	send_text(ends[1], "");
	send_text(ends[1], "longer");
	CHECK_INT(mp_pipe_recv_buf(ends[0], &buf, -1), 1);
	CHECK_INT(buf.len, 0);
	CHECK_STR(buf.data, "");
	CHECK_INT(mp_pipe_recv_buf(ends[0], &buf, -1), 1);
	CHECK_STR(buf.data, "longer");

	buf_release(&buf);
	close_both(ends);
}

static const size_t lengths[] = {0,     1,   4095,        4096,    4097,
                                 65536, MIB, 3 * MIB + 1, 32 * MIB};

/* Sends back what it gets, until the end. */
static int echo(void *arg)
{
	struct mp_pipe **ends = arg;
	struct buf buf = {0};
	int rc;

	mp_pipe_close(ends[0]);
	while ((rc = mp_pipe_recv_buf(ends[1], &buf, -1)) == 1)
		CHECK_INT(mp_pipe_send(ends[1], buf.data, buf.len, -1), 0);
	buf_release(&buf);
	mp_pipe_close(ends[1]);
	return -rc;
}

CASE(messages_of_many_mib_come_back_as_they_were)
{
	char *data = pattern(32 * MIB), *back = malloc(32 * MIB);
	struct mp_pipe *ends[2];
	size_t len;

	make(true, ends);
	CHECK(back != NULL);
	struct mp_process *child = start(echo, ends);
	mp_pipe_close(ends[1]);
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		CHECK_INT(mp_pipe_send(ends[0], data, lengths[i], -1), 0);
		CHECK_INT(mp_pipe_recv(ends[0], back, 32 * MIB, &len, -1), 1);
		CHECK_INT(len, lengths[i]);
		CHECK(memcmp(data, back, len) == 0);
	}
	mp_pipe_close(ends[0]);

	expect_exit(child, 0);
	free(data);
	free(back);
}

CASE(closed_end_is_the_end_after_the_last_message)
{
	struct mp_pipe *ends[2];
	char c;
	size_t len;

	make(true, ends);
	send_text(ends[1], "last");
	/* Left unread by an end that closes: no reason to lose "last". */
	send_text(ends[0], "unread");
	mp_pipe_close(ends[1]);

	expect_text(ends[0], "last");
	CHECK_INT(mp_pipe_recv(ends[0], &c, 1, &len, -1), 0);
	CHECK_INT(mp_pipe_recv(ends[0], &c, 1, &len, -1), 0);
	mp_pipe_close(ends[0]);
}

CASE(send_to_a_closed_end_is_an_error_and_no_signal)
{
	struct mp_pipe *ends[2];

	make(true, ends);
	send_text(ends[0], "unread");
	mp_pipe_close(ends[1]);

	CHECK_INT(mp_pipe_send(ends[0], "x", 1, -1), -EPIPE);
	CHECK_INT(mp_pipe_send(ends[0], "x", 1, -1), -EPIPE);
	mp_pipe_close(ends[0]);
}

struct talk {
	struct mp_pipe *ends[2];
	stage *stage;
};

static void make_talk(struct talk *talk)
{
	talk->stage = shared_memory(sizeof(*talk->stage));
	make(false, talk->ends);
}

static void end_talk(struct talk *talk)
{
	close_both(talk->ends);
	mp_shm_unmap(talk->stage, sizeof(*talk->stage));
}

/* More than fits into the kernel's buffers. */
static int send_much(void *arg)
{
	struct talk *talk = arg;
	char *data = pattern(8 * MIB);

	mp_pipe_close(talk->ends[0]);
	send_text(talk->ends[1], "first");
	stage_reach(talk->stage);
	int rc = mp_pipe_send(talk->ends[1], data, 8 * MIB, -1);
	free(data);
	mp_pipe_close(talk->ends[1]);
	return -rc;
}

CASE(sender_killed_in_the_middle_of_a_message_is_seen)
{
	struct talk talk;
	struct buf buf = {0};

	make_talk(&talk);
	struct mp_process *child = start(send_much, &talk);
	stage_await(talk.stage, 1);
	await_sleep(child);
	kill_now(child);
	mp_pipe_close(talk.ends[1]);
	talk.ends[1] = NULL;

	expect_text(talk.ends[0], "first");
	CHECK_INT(mp_pipe_recv_buf(talk.ends[0], &buf, -1), -ECONNRESET);
	end_talk(&talk);
}

CASE(header_cut_short_is_seen)
{
	struct mp_pipe *ends[2];
	char c;
	size_t len;

	make(false, ends);
	CHECK_INT(send(mp_pipe_fd(ends[1]), "abc", 3, 0), 3);
	CHECK_INT(mp_pipe_recv(ends[0], &c, 1, &len, 0), -EAGAIN);
	mp_pipe_close(ends[1]);

	CHECK_INT(mp_pipe_recv(ends[0], &c, 1, &len, -1), -ECONNRESET);
	mp_pipe_close(ends[0]);
}

CASE(announced_length_costs_no_memory)
{
	struct mp_pipe *ends[2];
	struct buf buf = {0};
	uint64_t header = UINT64_MAX;

	make(false, ends);
	CHECK_INT(send(mp_pipe_fd(ends[1]), &header, sizeof(header), 0),
	          sizeof(header));
	CHECK_INT(send(mp_pipe_fd(ends[1]), "abc", 3, 0), 3);
	CHECK_INT(mp_pipe_recv_buf(ends[0], &buf, 0), -EAGAIN);
	mp_pipe_close(ends[1]);

	CHECK_INT(mp_pipe_recv_buf(ends[0], &buf, 0), -ECONNRESET);
	mp_pipe_close(ends[0]);
}

CASE(receiver_killed_while_we_send_is_seen)
{
	struct mp_pipe *ends[2];
	char *data = pattern(8 * MIB);

	make(true, ends);
	struct mp_process *child = start(echo, ends);
	mp_pipe_close(ends[1]);
	CHECK_INT(mp_process_signal(child, SIGSTOP), 0);
	CHECK_INT(mp_pipe_send(ends[0], data, 8 * MIB, 20), -ETIMEDOUT);
	kill_now(child);

	CHECK(mp_pipe_is_sending(ends[0]));
	CHECK_INT(mp_pipe_send(ends[0], data, 8 * MIB, -1), -EPIPE);
	free(data);
	mp_pipe_close(ends[0]);
}

CASE(send_and_recv_go_on_where_time_ran_out)
{
	struct mp_pipe *ends[2];
	char *data = pattern(MIB), *back = malloc(MIB);
	size_t len = 0;
	int sent, received, n_sends = 0;

	make(false, ends);
	CHECK(back != NULL);
	/* One process at both ends: neither can wait for the other. */
	do {
		sent = mp_pipe_send(ends[1], data, MIB, 0);
		CHECK(sent == 0 || sent == -EAGAIN);
		CHECK_INT(mp_pipe_is_sending(ends[1]), sent != 0);
		received = mp_pipe_recv(ends[0], back, MIB, &len, 0);
		n_sends++;
	} while (sent != 0);
	CHECK_INT(received, 1);
	CHECK_INT(len, MIB);
	CHECK(memcmp(data, back, MIB) == 0);

	CHECK(n_sends > 1);
	free(data);
	free(back);
	close_both(ends);
}

CASE(another_message_cannot_follow_half_a_message)
{
	struct mp_pipe *ends[2];
	char *data = pattern(8 * MIB);

	make(false, ends);
	CHECK_INT(mp_pipe_send(ends[1], data, 8 * MIB, 0), -EAGAIN);
	CHECK_INT(mp_pipe_send(ends[1], "other", 5, 0), -EINVAL);
	free(data);
	close_both(ends);
}

CASE(descriptor_is_readable_when_there_is_a_message)
{
	struct mp_pipe *ends[2];

	make(false, ends);
	struct pollfd ready = {.fd = mp_pipe_fd(ends[0]), .events = POLLIN};
	CHECK_INT(poll(&ready, 1, 0), 0);
	send_text(ends[1], "x");
	CHECK_INT(poll(&ready, 1, -1), 1);
	close_both(ends);
}

static void note_signal(int signal_number)
{
	(void)signal_number;
}

static int interrupt_then_send(void *arg)
{
	struct talk *talk = arg;

	for (int i = 0; i < 3; i++) {
		await_sleep_of(getppid());
		CHECK_INT(kill(getppid(), SIGUSR1), 0);
	}
	send_text(talk->ends[1], "after all");
	return 0;
}

CASE(signals_do_not_end_a_wait)
{
	struct sigaction action = {.sa_handler = note_signal};
	struct talk talk;

	CHECK_INT(sigaction(SIGUSR1, &action, NULL), 0);
	make_talk(&talk);
	struct mp_process *child = start(interrupt_then_send, &talk);
	expect_text(talk.ends[0], "after all");

	expect_exit(child, 0);
	end_talk(&talk);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
