/* SPDX-License-Identifier: Apache-2.0 */
/* names.h - what Kubernetes takes for a name. Each gives NULL, or the original's words for what is wrong. */
#pragma once

const char *name_is_label(const char *name);	 /* RFC 1123: "my-name", at most 63 characters */
const char *name_is_subdomain(const char *name); /* "my.name", at most 253 */
const char *name_is_search(const char *name);	 /* of resolv.conf(5): with an underline, or a dot at its end */
const char *name_is_inner_path(const char *path); /* "conf/my.name": within some folder */
const char *name_is_address(const char *text);	 /* of IPv4 or IPv6 */
