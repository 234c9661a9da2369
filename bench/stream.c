/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c - how fast bytes go through a TCP connection: see usage(). Driven by bench/net. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PIECE (256 << 10)

static int usage(void)
{
	fputs("usage: stream serve PORT                      takes what comes, and says how much it was\n"
	      "       stream send ADDRESS PORT MILLISECONDS  prints Mbit/s, as the other end counted them\n",
	      stderr);
	return 2;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static void take(int fd, char *piece)
{
	uint64_t sum = 0;
	ssize_t n;

	while ((n = recv(fd, piece, PIECE, 0)) > 0)
		sum += (uint64_t)n;
	(void)send(fd, &sum, sizeof sum, MSG_NOSIGNAL);
	close(fd);
}

static int serve(uint16_t port, char *piece)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1, c;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 8) < 0)
		return fail("listen");
	while ((c = accept(fd, NULL, NULL)) >= 0)
		take(c, piece);
	return fail("accept");
}

static int send_for(const char *address, uint16_t port, double seconds, char *piece)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	double begun, until;
	uint64_t sum;

	if (inet_pton(AF_INET, address, &a.sin_addr) != 1)
		return usage();
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		return fail("connect");
	begun = now();
	for (until = begun + seconds; now() < until;)
		if (send(fd, piece, PIECE, MSG_NOSIGNAL) < 0)
			return fail("send");
	shutdown(fd, SHUT_WR);
	if (recv(fd, &sum, sizeof sum, MSG_WAITALL) != (ssize_t)sizeof sum)
		return fail("receive");
	printf("%.0f\n", (double)sum * 8 / 1e6 / (now() - begun));
	return 0;
}

int main(int argc, char **argv)
{
	char *piece = calloc(1, PIECE);

	if (!piece)
		return fail("memory");
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		return serve((uint16_t)atoi(argv[2]), piece);
	if (argc == 5 && strcmp(argv[1], "send") == 0)
		return send_for(argv[2], (uint16_t)atoi(argv[3]), atof(argv[4]) / 1000, piece);
	return usage();
}
