/* SPDX-License-Identifier: Apache-2.0 */
/* tare-runtime - the OCI runtime command line over runtime/. */
#include "runtime_cli/command.h"

int main(int argc, char **argv)
{
	return runtime_main(argc, argv);
}
