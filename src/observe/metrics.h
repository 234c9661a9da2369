/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.h - numbers of groups as Prometheus' text (exposition format 0.0.4), with cAdvisor's names and labels, so that
 * dashboards made for it work. Times are exact seconds. Pure.
 *
 * What is not known has no sample; a limit that is none is 0, as cAdvisor says it. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "kernel/cgroup_stat.h"
#include "kernel/net_dev.h"

struct metrics_subject {
	/* labels; NULL: it has none of it */
	const char *id, *name, *image;          /* path of the group; of a container */
	const char *pod, *namespace, *container; /* Kubernetes' */
	const struct cgroup_stat *st;
	const struct net_interfaces *net; /* NULL: none */
	int64_t started_ns; /* since 1970; 0: not known */
};

struct metrics_device {
	uint32_t major, minor;
	char name[64]; /* "/dev/sda" */
};

struct metrics {
	const struct metrics_subject *subjects;
	size_t n;
	const struct metrics_device *devices; /* one that is not in it is called by its numbers */
	size_t n_devices;
	int64_t cpus, memory_bytes, swap_bytes; /* of the host */
	int64_t now_ns;                         /* since 1970 */
	bool failed; /* something could not be read */
};

/* metrics_wants - which fields of struct cgroup_stat are told: for cgroup_stat_reader.wanted */
void metrics_wants(bool ret[CGROUP_STAT_FIELDS]);

/* The text, a piece after the other, each of one metric: the whole of a thousand containers is 9 MiB. */
struct metrics_text {
	const struct metrics *metrics;
	const char **labels; /* of each subject */
	size_t next;         /* piece */
};

/* metrics_text_init - *m is borrowed, what is made of it belongs to a. -ENOMEM */
int metrics_text_init(struct metrics_text *t, const struct metrics *m, struct arena *a, struct err *e);
/* metrics_text_next - append the next piece, of 300 bytes for each subject or less; false: there is none. What fails is in
 * out's status. */
bool metrics_text_next(struct metrics_text *t, struct buf *out);
/* metrics_print - all of it. -ENOMEM, -EMSGSIZE */
int metrics_print(const struct metrics *m, struct arena *a, struct buf *out, struct err *e);
/* metrics_label - append text as a label's value, without its quotes: \\, \" and \n */
void metrics_label(struct buf *out, const char *text);
