/* SPDX-License-Identifier: Apache-2.0 */
/* image_session.h - what the commands of tare-image (tare_image.c) have in common. */
#pragma once

#include "base/limits.h"
#include "cli/progress.h"
#include "engine/engine.h"
#include "engine/images.h"
#include "engine/settings.h"
#include "image/image.h"
#include "image/registry.h"

/* What was found may be gone again when it is recorded, or damaged. Each attempt is one removal of somebody else, or at least
 * one damaged layer fewer. */
#define LOAD_ATTEMPTS (LIMIT_IMAGE_LAYERS + 10)

struct session {
	struct host host;
	struct engine engine;
	struct db *db;
	struct image_store store;
	struct arena arena;
	struct settings settings;
	struct progress progress;
	const char *doing; /* session_told() tells of it */
	int64_t doing_bytes; /* of it in all; 0: nobody knows */
	int error_status;
	bool repacked; /* there are blobs that no row will tell of */
};

struct layout;

/* The commands. argv[0] is the command's name. */
int image_commit(struct session *s, int argc, char **argv, struct err *e);
int image_cp(struct session *s, int argc, char **argv, struct err *e);
int image_export(struct session *s, int argc, char **argv, struct err *e);
int image_import(struct session *s, int argc, char **argv, struct err *e);
int image_load_embedded(struct session *s, int argc, char **argv, struct err *e);
int image_load_path(struct session *s, int argc, char **argv, struct err *e);
int image_pull_command(struct session *s, int argc, char **argv, struct err *e);
int image_push(struct session *s, int argc, char **argv, struct err *e);
int image_post(struct session *s, int argc, char **argv, struct err *e);
int image_login(struct session *s, int argc, char **argv, struct err *e);
int image_restore(struct session *s, int argc, char **argv, struct err *e);
int image_save_command(struct session *s, int argc, char **argv, struct err *e);
int image_provide(struct session *s, int argc, char **argv, struct err *e);

/* session_registry - as tare.conf and Docker's config.json say. */
struct registry_options session_registry(struct session *s);

#define EXIT_NO_SUCH_IMAGE 2
/* image_is_embedded - is it the name of the image that this program brings along? */
bool image_is_embedded(const char *name);

/* image_sync_later - what was unpacked and is not known to be on the disk gets there, by a process that nobody waits for;
 * then it is recorded. Best effort: the next command does it. */
void image_sync_later(struct session *s);
#define IMAGE_SYNC "_sync"
int image_sync_main(int argc, char **argv); /* of that process; its exit status */

/* session_failed - what was made and not recorded is removed. The database is asked what to keep: a failed commit may have
 * been one. */
void session_failed(struct session *s);

/* session_doing - something long begins, which is shown on standard error, if that is a terminal, as session_told() is called
 * with the bytes so far; arg is the session. Layers that are brought into the store are shown in their turn. */
void session_doing(struct session *s, const char *what, int64_t bytes, bool quiet);
void session_told(void *arg, int64_t bytes);
/* session_show_layers - as they are unpacked, by s->progress. */
void session_show_layers(struct session *s);

/* session_repack - the manifest of an image all of whose blobs are there: its own, or, when layers were not kept, another one
 * of layers packed anew, which is said. For save and push. */
int session_repack(struct session *s, const struct image_row *row, struct digest *ret_manifest, struct err *e);

/* session_odd_file - what Docker says of one that is neither a folder nor a regular file; NULL: it is one of these. */
const char *session_odd_file(mode_t mode);

/* session_output - write to a file, which appears when it is whole; path NULL: standard output. -EINVAL: path is a device, a
 * pipe or the like, or in no folder. */
int session_output(const char *path, int (*write)(void *arg, int fd, struct err *e), void *arg, struct err *e);
