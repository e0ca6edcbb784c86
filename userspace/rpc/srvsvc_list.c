// SPDX-License-Identifier: GPL-2.0-only
/* Lists of information structures; see srvsvc.h. */

#include <errno.h>

#include "srvsvc.h"

/* Bytes reserved for the data around a list. */
#define LIST_MARGIN	256

/* A container of a request is empty; some clients send an array of nothing. */
const struct ndr_struct srvsvc_request = {
	sizeof(u32 *), NDR_FIELDS(NDR_NUMBER(U32, 0), { .type = NDR_POINTER, .of = &ndr_of_number })
};

const struct ndr_struct srvsvc_list = {
	sizeof(struct ndr_array),
	NDR_FIELDS(NDR_AT(U32, struct ndr_array, n), { .type = NDR_ARRAY })
};

const struct srvsvc_level *srvsvc_level_find(const struct srvsvc_level *levels, size_t n,
					     u32 number)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (levels[i].level == number)
			return &levels[i];
	return NULL;
}

u32 srvsvc_error(int rc)
{
	if (!rc)
		return ERROR_SUCCESS;
	return rc == -EACCES ? ERROR_ACCESS_DENIED : ERROR_GEN_FAILURE;
}

char *srvsvc_path(struct rpc_call *call, const char *base, const char *inner)
{
	char *path = mem_chain_print(&call->memory, "C:%s%s", base, inner);
	char *p;

	for (p = path; *p; p++)
		if (*p == '/')
			*p = '\\';
	return path;
}

/* Count the items that fit, at least one. */
static u32 items_that_fit(const struct ndr_array *list, u32 wanted_len)
{
	size_t room = RPC_REPLY_MAX - LIST_MARGIN, len = 0;
	u32 i;

	if (wanted_len < room)
		room = wanted_len;
	for (i = 0; i < list->n; i++) {
		len += ndr_struct_len(list->of, (u8 *)list->item + i * list->of->size);
		if (len > room && i)
			break;
	}
	return i;
}

u32 srvsvc_list_fill(struct rpc_call *call, struct srvsvc_args *args,
		     const struct srvsvc_level *level, void *items, u32 n, u32 result)
{
	u32 first = args->resume ? *args->resume : 0;
	struct ndr_array *list;

	if (args->list_level != args->level || (args->request && *args->request && **args->request))
		call->fault = RPC_FAULT_NDR;
	if (args->resume)
		*args->resume = 0;
	if (!level)
		return ERROR_INVALID_LEVEL;
	list = mem_chain_new(&call->memory, sizeof(*list));
	args->list = list;
	if (result || first >= n)
		return result;
	list->of = &level->of;
	list->item = (u8 *)items + first * level->of.size;
	list->n = n - first;
	args->total = list->n;
	list->n = items_that_fit(list, args->wanted_len);
	if (list->n == args->total)
		return ERROR_SUCCESS;
	if (args->resume)
		*args->resume = first + list->n;
	return ERROR_MORE_DATA;
}

void srvsvc_info_fill(struct rpc_call *call, struct srvsvc_args *args,
		      const struct ndr_struct *of, const void *item)
{
	args->info = mem_chain_new(&call->memory, sizeof(*args->info));
	*args->info = (struct ndr_any){ of, item };
}
