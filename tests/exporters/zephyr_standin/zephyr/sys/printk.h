/* Stands in for Zephyr's console on the host. */
#ifndef ZEPHYR_PRINTK_H
#define ZEPHYR_PRINTK_H

#include <stdio.h>

#define printk printf

#endif
