/* SPDX-License-Identifier: Apache-2.0 */
/* docker_config.h - who logs in to which registry: Docker's config.json, and the credential helpers that it names
 * (docker-credential-NAME get, store, erase). Keys that tare does not know stay as they are. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "image/registry.h"

#include <stdbool.h>

/* docker_config_path - $DOCKER_CONFIG/config.json or ~/.docker/config.json; NULL: neither is known. Memory is the arena's. */
const char *docker_config_path(struct arena *a);

/* docker_config_key - the name of a registry in the file: "docker.io" is https://index.docker.io/v1/ there. */
const char *docker_config_key(const char *domain);

/* docker_config_login - what is kept for this registry; all NULL: nothing, or there is no such file. Text is the arena's. */
int docker_config_login(const char *path, const char *domain, struct arena *a, struct registry_login *ret,
			struct err *e);

/* docker_config_store - ret_plain: it stands in the file itself, for everybody to read who may read that.
 * docker_config_erase - ret_found: there was something. */
int docker_config_store(const char *path, const char *domain, const struct registry_login *login, bool *ret_plain,
			struct err *e);
int docker_config_erase(const char *path, const char *domain, bool *ret_found, struct err *e);
