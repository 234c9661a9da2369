/* SPDX-License-Identifier: Apache-2.0 */
/* plain.h - somebody else's text on its way to a terminal: names of processes, mounts, interfaces, tables. */
#pragma once

/* text_plain - in place: each byte of a control character that a terminal would obey (below ' ', 127, U+0080 to U+009F)
 * becomes '?'. Returns text, NULL too. */
char *text_plain(char *text);
