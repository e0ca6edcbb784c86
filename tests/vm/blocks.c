// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plugin of QEMU (docs/devel/tcg-plugins.rst): counts how often each block of the guest's kernel
 * is executed, so that the instructions of each function are known exactly.
 *
 * -plugin blocks.so,ask=FILE: the guest writes a number into FILE, a struct blocks_ask. When @done
 * has the same number, FILE.out has a struct blocks_record for each block that was executed, with
 * the counts since the start. What is executed from one address on until another is counted, and
 * not what is around a measurement.
 *
 * Locking: blocks_lock guards the list of blocks. Counts are read while the guest waits for @done,
 * when nothing is counted.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin-map.h"
#include "qemu-plugin.h"

/* Microseconds between two looks at what is asked. */
#define LOOK_US		2000

int qemu_plugin_version = PLUGIN_API;

/**
 * struct blocks_ask - contents of the file
 * @ask: number of what is asked for
 * @done: number of what was answered last
 * @begin: where counting begins
 * @end: where it ends
 */
struct blocks_ask {
	__u64 ask;
	__u64 done;
	__u64 begin;
	__u64 end;
};

/**
 * struct blocks_record - a block of instructions
 * @address: where it begins
 * @count: how many instructions it has
 * @runs: how often it was executed
 */
struct blocks_record {
	__u64 address;
	__u64 count;
	__u64 runs;
};

/**
 * struct blocks_block - a translated block
 * @record: what is counted
 * @next: the one that was translated before
 */
struct blocks_block {
	struct blocks_record record;
	struct blocks_block *next;
};

static pthread_mutex_t blocks_lock = PTHREAD_MUTEX_INITIALIZER;
static struct blocks_block *blocks;
static struct blocks_ask *asked;
static char *out_path;
/* Blocks are counted; the guest has one CPU. */
static bool counting;

static void blocks_execute(unsigned int cpu, void *data)
{
	struct blocks_block *block = data;

	(void)cpu;
	if (block->record.address == __atomic_load_n(&asked->begin, __ATOMIC_RELAXED))
		counting = true;
	else if (block->record.address == __atomic_load_n(&asked->end, __ATOMIC_RELAXED))
		counting = false;
	if (counting)
		block->record.runs++;
}

static void blocks_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	struct blocks_block *block;

	(void)id;
	/* The kernel has the upper half of the addresses. */
	if ((__s64)qemu_plugin_tb_vaddr(tb) >= 0)
		return;
	/* QEMU does not tell when it forgets a block; then there is another one of this address. */
	block = calloc(1, sizeof(*block));
	if (!block)
		abort();
	block->record.address = qemu_plugin_tb_vaddr(tb);
	block->record.count = qemu_plugin_tb_n_insns(tb);
	pthread_mutex_lock(&blocks_lock);
	block->next = blocks;
	blocks = block;
	pthread_mutex_unlock(&blocks_lock);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, blocks_execute, 0, block);
}

static void blocks_write(void)
{
	FILE *out = fopen(out_path, "w");
	struct blocks_block *block;

	if (!out) {
		perror(out_path);
		return;
	}
	pthread_mutex_lock(&blocks_lock);
	for (block = blocks; block; block = block->next)
		if (block->record.runs)
			fwrite(&block->record, sizeof(block->record), 1, out);
	pthread_mutex_unlock(&blocks_lock);
	if (fclose(out))
		perror(out_path);
}

/* Answer what is asked for, as long as QEMU runs. */
static void *blocks_answer(void *arg)
{
	(void)arg;
	for (;;) {
		__u64 ask = __atomic_load_n(&asked->ask, __ATOMIC_ACQUIRE);

		if (ask != asked->done) {
			blocks_write();
			__atomic_store_n(&asked->done, ask, __ATOMIC_RELEASE);
		}
		usleep(LOOK_US);
	}
	return NULL;
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	pthread_t thread;

	(void)info;
	if (argc != 1 || strncmp(argv[0], "ask=", 4)) {
		fprintf(stderr, "blocks: give ask=FILE\n");
		return -1;
	}
	asked = plugin_map(argv[0] + 4, sizeof(*asked));
	if (!asked || asprintf(&out_path, "%s.out", argv[0] + 4) < 0 ||
	    pthread_create(&thread, NULL, blocks_answer, NULL))
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, blocks_translate);
	return 0;
}
