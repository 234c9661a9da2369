/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint.h - what `checkpoint` and `restore` both tell criu, and what one writes for the other beside criu's files:
 *
 * | file             | what                                                                                        |
 * |------------------|---------------------------------------------------------------------------------------------|
 * | descriptors.json | where 0, 1 and 2 led, as runc has it: ["pipe:[1234]", ...]; of a file or device of the host |
 * |                  | criu's name for it, "file[1a:2b]"                                                           |
 * | mounts.json      | the container's mounts that are the host's: where, and what comes there at a restore        |
 *
 * An image of runc's has no mounts.json: then they are taken from the document. */
#pragma once

#include "base/err.h"
#include "options/option.h"
#include "runtime_cli/bundle.h"
#include "runtime_cli/criu.h"

#define CHECKPOINT_DIR "checkpoint" /* of the image when none is named, in the working directory */

struct checkpoint_options {
	const char *image_path, *work_path, *manage_cgroups, *empty_ns;
	bool tcp_established, ext_unix_sk, shell_job, file_locks, lazy_pages, auto_dedup;
};

/* CHECKPOINT_ROWS(T, m) - the rows of what both commands have; T's member m is the struct checkpoint_options */
#define CHECKPOINT_AT(T, m, field) offsetof(T, m) + offsetof(struct checkpoint_options, field)
#define CHECKPOINT_ROWS(T, m)                                                                                          \
	{ "auto-dedup", 0, NULL, "punch pages out of older images that a newer one has", option_switch,                \
	  CHECKPOINT_AT(T, m, auto_dedup) },                                                                           \
		{ "empty-ns", 0, "network", "leave the insides of the network namespace alone", option_words,          \
		  CHECKPOINT_AT(T, m, empty_ns), .words = "network" },                                                 \
		{ "ext-unix-sk", 0, NULL, "allow Unix sockets that lead out of the container", option_switch,          \
		  CHECKPOINT_AT(T, m, ext_unix_sk) },                                                                  \
		{ "file-locks", 0, NULL, "allow file locks", option_switch, CHECKPOINT_AT(T, m, file_locks) },         \
		{ "image-path", 0, "DIR", "directory of the image (default: checkpoint)", option_text,                 \
		  CHECKPOINT_AT(T, m, image_path) },                                                                   \
		{ "lazy-pages", 0, NULL, "memory is fetched when it is used, by `criu lazy-pages`", option_switch,     \
		  CHECKPOINT_AT(T, m, lazy_pages) },                                                                   \
		{ "manage-cgroups-mode", 0, "MODE", "what criu does about control groups: soft (default), full, strict, props, none or ignore", \
		  option_words, CHECKPOINT_AT(T, m, manage_cgroups), .words = "soft full strict props none ignore" },  \
		{ "shell-job", 0, NULL, "allow processes of a terminal outside", option_switch,                        \
		  CHECKPOINT_AT(T, m, shell_job) },                                                                    \
		{ "tcp-established", 0, NULL, "allow open TCP connections", option_switch,                             \
		  CHECKPOINT_AT(T, m, tcp_established) },                                                              \
	{                                                                                                              \
		"work-path", 0, "DIR", "directory of criu's log (default: that of the image)", option_text,            \
			CHECKPOINT_AT(T, m, work_path)                                                                 \
	}

/* checkpoint_paths - before the bundle becomes the working directory: absolute */
int checkpoint_paths(struct runtime *rt, struct checkpoint_options *o, struct err *e);
/* checkpoint_call - directories (made when `make`), switches, modes, and what the document says of criu. The caller ends it
 * with checkpoint_call_done(). -EPERM: not root of the host, whom criu needs. */
int checkpoint_call(struct runtime *rt, const struct checkpoint_options *o, const struct runtime_spec *spec, bool make,
		    struct criu_call *c, struct err *e);
void checkpoint_call_done(struct criu_call *c);

/* checkpoint_externals - what of the process's mounts, namespaces and stdio is not the container's own: named to criu, and
 * written down in the image's directory. restore_externals - what takes their places: stdio is the caller's, a masked
 * directory is the host's directory `empty`. */
int checkpoint_externals(struct runtime *rt, const struct bundle *b, pid_t pid, struct criu_call *c, struct err *e);
int restore_externals(struct runtime *rt, const struct bundle *b, const char *empty, struct criu_call *c,
		      struct err *e);
