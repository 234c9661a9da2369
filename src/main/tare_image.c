/* SPDX-License-Identifier: Apache-2.0 */
/* tare-image - brings images into the store and out of it: the ways that are rarely taken, and so the only program that
 * links libcurl, libarchive, libcrypto and ISA-L. `tare` starts it when an image is missing, and becomes it for its commands.
 *
 *     tare-image [--root DIR] [--state DIR] load-embedded NAME      NAME: busybox; silent
 *     tare-image [--root DIR] [--state DIR] load [--quiet] PATH|- [NAME]
 *                                                                   OCI layout or archive of docker save: directory,
 *                                                                   file, standard input; what `tare load` becomes,
 *                                                                   with its name; progress on a terminal
 *
 *     tare-image … pull [--quiet] [--all-tags] [--platform P] NAME  what `tare pull` becomes
 *     tare-image … push [--quiet] [--all-tags] NAME                 likewise
 *     tare-image … save [--output FILE] NAME...                     likewise
 *     tare-image … cp [--archive] [--follow-link] [--quiet] SOURCE DESTINATION
 *                                                                   likewise
 *     tare-image … export [--output FILE] CONTAINER                 likewise
 *     tare-image … import [--change I]... [--message M] [--platform P] FILE|URL|- [NAME]
 *     tare-image … commit [--change I]... [--message M] [--author A] [--no-pause] CONTAINER [NAME]
 *                                                                   likewise
 *     tare-image … login [--username USER] [--password-stdin] REGISTRY
 *     tare-image … provide [--quiet] [--always] [--platform P] NAME
 *                                                                   for `tare run`: embedded or pulled
 *
 *     tare-image post URL                                           standard input is sent as JSON; needs no store
 *
 * Exit status: 0; 1 with one line on standard error; 2 likewise, when load-embedded has no such image. */
#include "base/fault.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/scope.h"
#include "engine/image_remove.h"
#include "engine/rootless.h"
#include "main/image_session.h"
#include "storage/content.h"
#include "storage/layers.h"

#include <string.h>

/* ---- main ---------------------------------------------------------------------------------------------------- */

static const struct command {
	const char *name;
	int (*run)(struct session *s, int argc, char **argv, struct err *e);
	bool without_images; /* it adds nothing to their store */
	bool bare;           /* nor does it look at anything of the engine */
} commands[] = {
	{ "commit", image_commit, false },
	{ "cp", image_cp, true },
	{ "export", image_export, true },
	{ "import", image_import, false },
	{ "load", image_load_path },
	{ "load-embedded", image_load_embedded },
	{ "login", image_login },
	{ "post", image_post, true, true },
	{ "provide", image_provide },
	{ "pull", image_pull_command },
	{ "push", image_push },
	{ "restore", image_restore },
	{ "save", image_save_command },
};

struct options {
	const char *root, *state, *config;
	int used; /* arguments */
};

static int options_parse(int argc, char **argv, struct options *o, struct err *e)
{
	for (o->used = 1; o->used < argc && strncmp(argv[o->used], "--", 2) == 0; o->used += 2) {
		const char *name = argv[o->used];
		const char **to = strcmp(name, "--root") == 0  ? &o->root :
				  strcmp(name, "--state") == 0 ? &o->state :
				  strcmp(name, "--config") == 0 ? &o->config :
								 NULL;

		if (!to)
			return err_set(e, EINVAL, "unknown option %s", name);
		if (o->used + 1 == argc)
			return err_set(e, EINVAL, "%s needs a %s", name, to == &o->config ? "file" : "directory");
		*to = argv[o->used + 1];
	}
	return 0;
}

static int session_open(struct session *s, const struct options *o, struct err *e)
{
	int r = host_open(&s->host, "/", e);

	if (r == 0)
		r = rootless_engine_open(&s->engine, &s->host, o->root, o->state, e);
	if (r == 0) {
		s->engine.patient = true;
		r = engine_db(&s->engine, &s->db, e);
	}
	if (r == 0)
		r = content_open(s->engine.root, &s->store.content, e);
	if (r == 0)
		r = layers_open(s->engine.root, &s->store.layers, e);
	s->store.boot = s->engine.boot_id;
	s->store.find_layer = images_find_layer;
	s->store.arg = s->db;
	if (r == 0)
		r = settings_read(o->config, &s->arena, &s->settings, e);
	s->store.ceilings = (struct image_ceilings){ s->settings.layer_bytes, s->settings.layer_entries };
	return r;
}

static void session_close(struct session *s)
{
	if (s->store.layers >= 0)
		close(fd_take(&s->store.layers));
	if (s->store.content >= 0)
		close(fd_take(&s->store.content));
	engine_close(&s->engine);
	host_close(&s->host);
	arena_done(&s->arena);
}

/* What crashes left is removed before anything new is made: a full disk may be full of it. From then on no sweep takes
 * blobs that are not recorded yet. */
static int prepare(struct session *s, struct err *e)
{
	bool any = false;
	int r = images_mark_lost(s->db, s->engine.boot_id, &any, e);

	if (r == 0)
		r = engine_images_sweep(&s->engine, e);
	return r < 0 ? r : content_hold(s->store.content, e);
}

void session_failed(struct session *s)
{
	content_release(s->store.content);
	(void)engine_images_sweep(&s->engine, NULL);
	(void)content_hold(s->store.content, NULL);
}

static int run(struct session *s, int argc, char **argv, struct err *e)
{
	struct options o = { 0 };
	int r = options_parse(argc, argv, &o, e);

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(commands); i++) {
		if (o.used == argc || strcmp(argv[o.used], commands[i].name) != 0)
			continue;
		r = commands[i].bare ? 0 : session_open(s, &o, e);
		if (r == 0 && !commands[i].without_images)
			r = prepare(s, e);
		if (r == 0)
			r = commands[i].run(s, argc - o.used, argv + o.used, e);
		if (s->repacked)
			session_failed(s);
		if (r == 0 && !commands[i].without_images)
			image_sync_later(s);
		return r;
	}
	return r < 0 ? r :
		       err_set(e, EINVAL,
			       "usage: tare-image [--root DIR] [--state DIR] [--config FILE] load|load-embedded|pull …");
}

int main(int argc, char **argv)
{
	struct session s = { .host = { -1, -1, -1, false }, .store = { .content = -1, .layers = -1 },
			     .progress.fd = -1, .arena = ARENA(16u << 20), .error_status = 1 };
	struct err e = { 0 };
	int r;

	fault_role("image");
	if (argc > 1 && strcmp(argv[1], IMAGE_SYNC) == 0)
		return image_sync_main(argc, argv);
	log_setup(argc > 0 && strcmp(argv[0], "tare") == 0 ? "tare" : "tare-image", LOG_LEVEL_WARNING);
	r = run(&s, argc, argv, &e);
	session_close(&s);
	if (r == 0)
		return 0;
	log_error("%s", e.msg);
	return s.error_status;
}
