/* SPDX-License-Identifier: Apache-2.0 */
#include "records/names.h"

#include "base/scope.h"

#include <stdio.h>

static const char *const adjectives[] = {
	"airy",   "amber",   "balanced", "bold",    "brisk",  "bright",  "calm",   "candid", "civil",  "clear",
	"cosmic", "crisp",   "daring",   "deft",    "eager",  "early",   "exact",  "fair",   "fleet",  "fond",
	"frank",  "gentle",  "glad",     "golden",  "handy",  "honest",  "humble", "keen",   "kind",   "lean",
	"light",  "lively",  "lucid",    "lunar",   "mellow", "merry",   "mild",   "modest", "neat",   "nimble",
	"noble",  "patient", "placid",   "plain",   "polite", "precise", "proud",  "quick",  "quiet",  "rapid",
	"ready",  "serene",  "sharp",    "slender", "smooth", "sober",   "solid",  "spry",   "steady", "subtle",
	"sunny",  "tidy",    "vivid",    "warm",
};

/* People who measured, computed, or wrote the systems that this one stands on. */
static const char *const surnames[] = {
	"abel",      "agnesi",  "allen",      "ampere",    "babbage",  "bardeen", "berkeley",  "bernoulli",
	"blackwell", "boole",   "brahe",      "cavendish", "cerf",     "clarke",  "corbato",   "coulomb",
	"cray",      "curie",   "daley",      "diffie",    "dijkstra", "eckert",  "engelbart", "euler",
	"faraday",   "fermat",  "floyd",      "fourier",   "galois",   "gauss",   "germain",   "goldberg",
	"hamilton",  "hamming", "hellman",    "henry",     "hertz",    "hoare",   "hopper",    "huygens",
	"johnson",   "joule",   "kelvin",     "kernighan", "keller",   "knuth",   "lamport",   "liskov",
	"lovelace",  "mauchly", "mcilroy",    "meitner",   "noether",  "ossanna", "pascal",    "perlman",
	"ritchie",   "shannon", "somerville", "thompson",  "turing",   "volta",   "wilkes",    "wirth",
};

static unsigned hex_digits(const char *id, unsigned at, unsigned count)
{
	unsigned v = 0;

	for (unsigned i = 0; i < count; i++) {
		char c = id[(at + i) % 64];

		v = v * 16 + (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return v;
}

void names_pick(const char *id, unsigned attempt, char ret[NAME_SIZE])
{
	const char *adjective = adjectives[hex_digits(id, 13 * attempt, 4) % ARRAY_LEN(adjectives)];
	const char *surname = surnames[hex_digits(id, 13 * attempt + 4, 4) % ARRAY_LEN(surnames)];

	if (attempt < 5)
		(void)snprintf(ret, NAME_SIZE, "%s_%s", adjective, surname);
	else
		(void)snprintf(ret, NAME_SIZE, "%s_%s%04x", adjective, surname, hex_digits(id, 13 * attempt + 8, 4));
}
