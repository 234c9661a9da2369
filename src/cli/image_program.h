/* SPDX-License-Identifier: Apache-2.0 */
/* image_program.h - commands that become tare-image, which links what registries and archives need: tare-image(8). */
#pragma once

#include "cli/command.h"

#define IMAGE_WORDS_MAX 64

/* What comes behind tare-image's own options; word_add() after word_add(), then image_program_become(). */
struct image_words {
	const char *v[IMAGE_WORDS_MAX];
	size_t n;
};

void image_word(struct image_words *w, const char *word);
/* image_word_option - "--name value", or nothing when value is NULL. */
void image_word_option(struct image_words *w, const char *name, const char *value);

/* program_become - this process is another program of tare's from now on ("tare-top"), with the options before the command;
 * its errors begin with "tare: ". Returns only an error. */
int program_become(const struct cli *cli, const char *program, const struct image_words *w, struct err *e);

/* image_program_become - this process is tare-image from now on; its errors begin with "tare: ". Returns only an error. */
int image_program_become(const struct cli *cli, const struct image_words *w, struct err *e);
