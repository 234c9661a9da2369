/* SPDX-License-Identifier: Apache-2.0 */
/* true.c - what the measured containers run: the least that a static program can do. */
int main(void)
{
	return 0;
}
