/* SPDX-License-Identifier: Apache-2.0 */
/* names.h - what Kubernetes takes for a name. Each gives NULL, or the original's words for what is wrong. */
#pragma once

const char *name_is_label(const char *name);	 /* RFC 1123: "my-name", at most 63 characters */
const char *name_is_subdomain(const char *name); /* "my.name", at most 253 */
