const struct command command_run = {
	.name = "run",
};
