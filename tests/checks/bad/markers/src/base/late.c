/* TODO: finish */
int todo_list; /* not one */
