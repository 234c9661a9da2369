static const struct command commands[] = {
	{ "run", "IMAGE", "x", 1, 2, cmd_run },
	{ "rm", "C", "x", 1, 2, cmd_rm },
};
