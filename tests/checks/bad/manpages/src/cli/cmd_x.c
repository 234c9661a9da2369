const struct command command_x = {
	.name = "_hidden",
};
