#include <string.h>

int cleared(char *p);

int cleared(char *p)
{
	memset(p, sizeof *p, 0);
	return p[0] == p[0];
}
