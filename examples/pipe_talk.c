/* SPDX-License-Identifier: MIT */
/* A pipe between two processes: questions one way, answers the other, each a
 * whole message however long; a closed end is seen by the other. */
#include "must.h"

#include "mp/pipe.h"
#include "mp/process.h"

#include <ctype.h>

/* In the child: answers until the questions end. */
static int shout(void *arg)
{
	struct mp_pipe **ends = arg;
	struct buf message = {0};
	int rc;

	/* Each process closes the end it does not use: as long as we held a
	 * copy of the other one, it would never be seen to close. */
	mp_pipe_close(ends[0]);
	while ((rc = mp_pipe_recv_buf(ends[1], &message, -1)) == 1) {
		for (size_t i = 0; i < message.len; i++)
			message.data[i] =
				(char)toupper((unsigned char)message.data[i]);
		rc = mp_pipe_send(ends[1], message.data, message.len, -1);
		if (rc < 0)
			break;
	}
	printf("child: %s\n", rc == 0 ? "no more questions" : "trouble");
	buf_release(&message);
	mp_pipe_close(ends[1]);
	return rc != 0;
}

static void ask(struct mp_pipe *end, const char *question)
{
	char answer[100];
	size_t len;

	must(mp_pipe_send(end, question, strlen(question), -1), "send");
	must(mp_pipe_recv(end, answer, sizeof(answer), &len, -1), "recv");
	printf("parent: \"%s\" came back as \"%.*s\"\n", question, (int)len,
	       answer);
}

static void ask_at_length(struct mp_pipe *end)
{
	struct buf message = {0};

	for (int i = 0; i < 1000000; i++)
		buf_append_str(&message, "long ");
	must(mp_pipe_send(end, message.data, message.len, -1), "send");
	must(mp_pipe_recv_buf(end, &message, -1), "recv");
	printf("parent: %zu bytes came back, beginning \"%.9s\"\n", message.len,
	       message.data);
	buf_release(&message);
}

int main(void)
{
	struct mp_pipe *ends[2];
	struct mp_process *child;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	must(mp_pipe_create(true, ends), "pipe");
	must(mp_process_start(shout, ends, NULL, &child), "start");
	mp_pipe_close(ends[1]);

	ask(ends[0], "hello");
	ask(ends[0], "");
	ask(ends[0], "is anybody there?");
	ask_at_length(ends[0]);
	mp_pipe_close(ends[0]);

	must(mp_process_join(child, -1), "join");
	mp_process_destroy(child);
	return 0;
}
