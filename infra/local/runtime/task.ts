/** Loaded before the main module of an ECS task: the guard, and nothing that would keep the task alive. */
import { startGuard } from './guard.ts';

startGuard();
process.channel?.unref();
