const struct command command_rm = {
	.name = "rm",
};
