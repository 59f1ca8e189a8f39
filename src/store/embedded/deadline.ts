import { StoreError } from '../store.ts';

/** Settles as `promise` does, or rejects with `unavailable` once `deadlineMs` have passed. */
export async function withDeadline<T>(promise: Promise<T>, deadlineMs: number, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new StoreError('unavailable', `${message} in ${deadlineMs} ms`));
    }, deadlineMs);
  });
  try {
    return await Promise.race([promise, overdue]);
  } finally {
    clearTimeout(timer);
  }
}
