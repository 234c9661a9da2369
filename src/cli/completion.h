/* SPDX-License-Identifier: Apache-2.0 */
/* completion.h - the rows of commands and options as completion scripts of bash(1), zsh(1) and fish(1). */
#pragma once

#include "base/buf.h"
#include "cli/command.h"

void completion_bash(struct buf *out);
void completion_zsh(struct buf *out);
void completion_fish(struct buf *out);
