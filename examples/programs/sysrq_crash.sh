#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ksplat: expect=crash
echo c >/proc/sysrq-trigger
