/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/image_program.h"

#include "base/scope.h"
#include "engine/programs.h"

#include <errno.h>

#define OWN_WORDS 8

void image_word(struct image_words *w, const char *word)
{
	if (w->n < IMAGE_WORDS_MAX)
		w->v[w->n] = word;
	w->n++;
}

void image_word_option(struct image_words *w, const char *name, const char *value)
{
	if (!value)
		return;
	image_word(w, name);
	image_word(w, value);
}

/* argv[0] is the name that its errors begin with. */
int program_become(const struct cli *cli, const char *program, const struct image_words *w, struct err *e)
{
	const char *argv[OWN_WORDS + IMAGE_WORDS_MAX + 1] = { "tare" };
	const struct {
		const char *name, *value;
	} own[] = { { "--root", cli->root }, { "--state", cli->state }, { "--config", cli->config } };
	char path[PATH_MAX];
	size_t n = 1;
	int r = programs_find(program, path, e);

	if (r < 0)
		return r;
	if (w->n > IMAGE_WORDS_MAX)
		return err_set(e, E2BIG, "more than %d arguments", IMAGE_WORDS_MAX);
	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		if (!own[i].value)
			continue;
		argv[n++] = own[i].name;
		argv[n++] = own[i].value;
	}
	for (size_t i = 0; i < w->n; i++)
		argv[n++] = w->v[i];
	(void)execv(path, (char *const *)argv);
	return err_sys(e, "start %s", path);
}

int image_program_become(const struct cli *cli, const struct image_words *w, struct err *e)
{
	return program_become(cli, "tare-image", w, e);
}
