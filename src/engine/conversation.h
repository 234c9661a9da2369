/* SPDX-License-Identifier: Apache-2.0 */
/* conversation.h - the client's side of a session in its foreground: run, start -a, attach, exec.
 *
 * The caller's own standard descriptors are handed to the monitor, and only signals and the end pass here; but not those of a
 * terminal: job control is about us, so the monitor would go on reading it, and what is typed for others, while we are stopped.
 * Their bytes pass here, and so do those of pipes that the monitor might have to wait for (kernel/nowait.h).
 *
 * When the session has a terminal, the caller's (if its input is one) becomes raw until the conversation is over in whatever
 * way, and all bytes pass here, since keys may mean to detach.
 *
 *	struct conversation c = { .sock = …, .attach = …, .tty = … };
 *	conversation_check(&c, e)       before anything is made
 *	conversation_begin(&c, &m, e)   m: CONTROL_ATTACH or CONTROL_EXEC; then perhaps CONTROL_START by the caller
 *	conversation_run(&c, e)
 *	conversation_end(&c)            always */
#pragma once

#include "base/err.h"
#include "engine/detach_keys.h"
#include "monitor/control.h"

#include <signal.h>
#include <termios.h>

#define CONVERSATION_CHUNK 4096

enum conversation_outcome {
	CONVERSATION_ENDED,      /* status is its exit status */
	CONVERSATION_FAILED,     /* it never ran: status is 125, 126 or 127, and there was an error */
	CONVERSATION_RESTARTING, /* it ended, status is its exit status, and will run again */
	CONVERSATION_DETACHED,   /* by keys: it goes on */
	CONVERSATION_LEFT,       /* likewise, since this client was to end; status: 128 + signal */
};

/* An output that passes here. */
struct showing {
	int from; /* our end of a pipe; -1: none, or it is over */
	size_t at, end;
	char text[CONVERSATION_CHUNK]; /* on its way */
};

struct conversation {
	/* what is wanted */
	int sock;            /* the caller's */
	int attach;          /* CONTROL_STDx bits */
	bool tty;            /* the session has a terminal */
	bool sig_proxy;      /* signals are passed on; else they end this client */
	uint32_t session;
	bool redraw;         /* what shows a screen shall show it anew */
	bool watch_output;   /* leave when nobody reads what we would show (attach: the container is somebody else's) */
	const char *detach_keys; /* NULL: Docker's */
	void (*started)(void *arg); /* NULL: nobody needs to know. The command runs */
	void *arg;

	/* what has become of it */
	enum conversation_outcome outcome;
	bool has_started, lost; /* lost: some of its output could not be written to where we were to have it */
	int status, flag; /* flag: of CONTROL_EXITED */
	struct err left;  /* what the monitor could not clean up */

	/* its own */
	struct detach_keys keys;
	bool over, raw, masked, input_over;
	bool passes;        /* some bytes pass here */
	int signals, input; /* input: our end of a pipe, as those of the outputs; -1 */
	struct showing shows[2];
	unsigned interrupts;
	struct termios mode;
	sigset_t mask;
	char in[CONVERSATION_CHUNK + DETACH_KEYS_MAX]; /* on its way */
	size_t in_at, in_end;
	struct err refusal;
};

/* conversation_check - -EINVAL: "the input device is not a TTY", or bad detach keys */
int conversation_check(struct conversation *c, struct err *e);

int conversation_begin(struct conversation *c, const struct control_message *request, struct err *e);

/* conversation_run - until it is over. < 0: the container failed, or the monitor or we did; *c says what is known. */
int conversation_run(struct conversation *c, struct err *e);

/* conversation_end - the terminal is as it was, signals too; after detaching that is told. Needs only the check before. */
void conversation_end(struct conversation *c);

/* conversation_size - of the terminal that the session would be shown on. false: there is none */
bool conversation_size(uint16_t *ret_rows, uint16_t *ret_columns);
