// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations by number. What is not here is answered with NOTSUPP, if the
 * minor version has such a number.
 */
#include "ops.h"

#define OP(NUMBER, name)						\
	[OP_##NUMBER] = &dnfs4_op_##name

const struct dnfs4_op *const dnfs4_ops[DNFS4_OP_MAX + 1] = {
};
