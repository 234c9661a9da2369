/* SPDX-License-Identifier: Apache-2.0 */
/* address.h - where a door listens: "127.0.0.1:9323", "[::1]:9323", ":9323", "localhost:9323", "unix:///run/x.sock", "/run/x.sock". */
#pragma once

#include "base/err.h"
#include "base/sv.h"

#include <stdbool.h>

#define ADDRESS_TEXT 256

struct address {
	bool local;              /* a socket file: */
	char path[108];
	char host[ADDRESS_TEXT]; /* else; "": every interface */
	char port[8];
};

/* address_parse - pure. -EINVAL, with what is allowed */
int address_parse(struct sv text, struct address *ret, struct err *e);

/* address_listen - *ret_fd is non-blocking. A socket file that nobody listens to any more is replaced; it gets mode 0660.
 * -EADDRINUSE, -EACCES, -EADDRNOTAVAIL, -EINVAL: no such host */
int address_listen(const struct address *a, int *ret_fd, struct err *e);
/* address_leave - a socket file goes */
void address_leave(const struct address *a);
