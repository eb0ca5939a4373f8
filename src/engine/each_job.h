/* SPDX-License-Identifier: MIT */
/* engine/each_job.h - what the master and the workers of a batch tell each
 * other
 *
 * Model     a job record is a head, the places where the slot's number goes,
 *           and the bytes of the arguments, each with its NUL. A worker sends
 *           what the command prints in pieces, or says where in its spool it
 *           is, and last how it ended. In shared memory there is a cell for
 *           each worker, and the run's order to stop.
 * Callers   each_pack.c writes records, each_worker.c reads them and sends
 *           replies, each_output.c and each_master.c take them */
#ifndef ENGINE_EACH_JOB_H
#define ENGINE_EACH_JOB_H

#include "base/base.h"
#include "base/buf.h"
#include "engine/each_tokens.h"
#include "engine/each_turns.h"

#include <stdatomic.h>
#include <sys/types.h>

/* All arguments of a job. The kernel takes 2 MiB by default, environment and
 * pointers included; here also each waiting job takes this much. */
#define EACH_ARGUMENTS_MAX ((size_t)512 << 10)
#define EACH_RECORD_SIZE   (EACH_ARGUMENTS_MAX + ((size_t)64 << 10))
#define EACH_PIECE_MAX     ((size_t)16 << 10)
#define EACH_LEFT_MAX      64

struct each_record {
	uint32_t job; /* the master's number for it */
	uint32_t n_arguments;
	uint32_t n_marks;
	uint32_t size; /* bytes of the arguments */
};

/* Where the extra bytes of the job's item stand, behind the arguments. */
#define EACH_EXTRA_ALIGN 8
const void *each_job_extra(const struct each_record *record);

enum each_reply_kind {
	EACH_BYTES,  /* of a stream, behind what came before */
	EACH_EXTENT, /* the same, but they are in the spool */
	EACH_FLUSH, /* what came so far of a stream can be shown: whole lines */
	EACH_ENDED,
	EACH_STARTED, /* only where commands are listed */
	EACH_HALTED,  /* by a signal that stops, which end has */
	EACH_NOTE,    /* bytes for engine/each_hooks.h */
};

enum each_stream_index {
	EACH_STDOUT,
	EACH_STDERR,
	N_EACH_STREAMS,
};

/* Why a job ended other than by itself. */
enum each_cause {
	EACH_BY_ITSELF,
	EACH_NOT_STARTED, /* the run is stopping */
	EACH_NO_SPAWN,    /* err says why */
	EACH_SCARCE,      /* not now, and the worker leaves: again with fewer */
	EACH_TIMED_OUT,
	EACH_STOPPED,     /* killed because the run is stopping */
	EACH_SPOOL,       /* its output could not be kept; err says why */
	EACH_NO_RESULTS,  /* its files cannot be written; said by the master */
	EACH_WORKER_DIED, /* for the second time; said by the master */
	EACH_REJECTED,    /* by engine/each_hooks.h; reason, perhaps err */
	EACH_NO_TERMINAL, /* was stopped because it wanted the terminal */
};

struct each_end {
	int32_t exit_code;
	int32_t signal_number;
	uint32_t cause;   /* enum each_cause */
	int32_t err;      /* negative errno */
	int64_t start_ns; /* since 1970 */
	int64_t runtime_ns;
	uint64_t n_printed; /* bytes on stdout */
	uint32_t reason;    /* of EACH_REJECTED */
};

/* Behind it, for EACH_BYTES and EACH_NOTE, the bytes. */
struct each_reply {
	uint32_t kind; /* enum each_reply_kind */
	uint32_t stream;
	uint32_t worker;
	uint32_t job;
	union {
		struct {
			uint64_t at, len;
		} extent;
		struct each_end end;
	};
};

/* How a run is told to stop; only ever grows. */
enum each_stop {
	EACH_GO_ON,
	EACH_START_NONE, /* jobs that run may end */
	EACH_TERMINATE,  /* SIGTERM to them, after a while SIGKILL */
	EACH_KILL,       /* SIGKILL at once */
};

struct each_cell {
	/* written by the worker */
	_Atomic uint32_t job_up; /* the job's number + 1, or 0 */
	_Atomic int32_t pid;     /* of the command, its group's leader; or 0 */
	_Atomic int64_t since_ns;
	/* Children it leaves alone, from jobs that ended well; more than fit
	 * in means that strays cannot be told from them. */
	_Atomic uint32_t n_left;
	_Atomic int32_t left[EACH_LEFT_MAX];
	_Atomic uint64_t written[N_EACH_STREAMS]; /* to its spools, ever */
	/* written by the master */
	_Atomic uint64_t shown[N_EACH_STREAMS]; /* of these */
};

struct each_shared {
	_Atomic uint32_t stop;    /* enum each_stop */
	_Atomic uint32_t n_limit; /* workers that may run */
	struct each_held tokens;
	struct each_turns turns;
	struct each_cell cells[];
};

/* The arguments of a record as one text, each in quotes if a shell needs them,
 * with blanks between; the slot, 1 up, where it belongs. */
void each_job_text(const struct each_record *record, unsigned slot,
                   struct buf *out);

/* The same for people and terminals: as bash reads it, and without control
 * characters. */
void each_job_show(const struct each_record *record, unsigned slot,
                   struct buf *out);

/* The same as any POSIX shell reads it, and without control characters, but for
 * newlines at the end of an argument. */
void each_job_script(const struct each_record *record, unsigned slot,
                     struct buf *out);

/* The same for arguments that have the slot already. */
void each_job_quote(const char *arguments, size_t n, struct buf *out);

/* Puts the arguments with the slot's number into out. */
void each_job_arguments(const struct each_record *record, unsigned slot,
                        struct buf *out);

#endif
