// SPDX-License-Identifier: GPL-2.0-only
#include <linux/minmax.h>
#include <linux/moduleparam.h>

#include "rounds.h"

static unsigned int divide = 1;
module_param(divide, uint, 0444);
MODULE_PARM_DESC(divide, "shorten long tests by this factor on a slow machine");

u32 ditto_test_rounds(u32 rounds)
{
	return max(rounds / max(divide, 1U), 1U);
}
