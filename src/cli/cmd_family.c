/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_family.c - the first words of commands that stand in families: `tare image ls`. */
#include "cli/command.h"

const struct command command_container = {
	.name = "container",
	.args = "COMMAND",
	.summary = "manage containers",
	.family = true,
};

const struct command command_image = {
	.name = "image",
	.args = "COMMAND",
	.summary = "manage images",
	.family = true,
};

const struct command command_kube = {
	.name = "kube",
	.args = "COMMAND",
	.summary = "manage Kubernetes' objects on this node",
	.family = true,
};

const struct command command_network = {
	.name = "network",
	.args = "COMMAND",
	.summary = "manage networks",
	.family = true,
};

const struct command command_system = {
	.name = "system",
	.args = "COMMAND",
	.summary = "manage what is on the disk",
	.family = true,
};

const struct command command_volume = {
	.name = "volume",
	.args = "COMMAND",
	.summary = "manage volumes",
	.family = true,
};
