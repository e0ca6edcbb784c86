/* SPDX-License-Identifier: GPL-2.0-only */
/* ditto-offload, and its channel. */
#ifndef _DITTO_TESTS_STORE_PROCESS_H
#define _DITTO_TESTS_STORE_PROCESS_H

#include <sys/types.h>

#include "store/msg.h"

/* Start ./ditto-offload and hear its first message. Returns the channel, or -1. */
int store_process_start(pid_t *pid);
/* Text of the last OFFLOAD_TOLD. */
extern char store_process_told[OFFLOAD_TEXT_MAX + 1];
/*
 * Receive a message that is no OFFLOAD_TOLD; see offload_msg_receive(). Returns false if none comes
 * within a minute.
 */
bool store_process_hear(int channel, struct offload_msg *msg, u8 *packet, int *fd);

#endif
