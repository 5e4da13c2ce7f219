import type { SyncRequest } from '../control/control.ts';
import type { LocalControl } from '../control/local-control.ts';
import type { LogLine } from './broadcast-log.ts';
import type { RequestHandler } from './control-server.ts';

/** What requests are answered from. */
export interface RequestHandlerDeps {
  readonly control: LocalControl;
  /** Calls the listener for every log line; the result ends that. */
  readonly watchLog: (listener: (line: LogLine) => void) => () => void;
  /** Aborts when the daemon stops. */
  readonly stopping: AbortSignal;
}

/** Answers the requests of the daemon's socket. */
export function createRequestHandler({
  control,
  watchLog,
  stopping,
}: RequestHandlerDeps): RequestHandler {
  return async (request, { emit, gone, cancelled }) => {
    switch (request.command) {
      case 'ping':
        return { pid: process.pid };
      case 'status':
        return await control.status();
      case 'sync':
        // Goes on when whoever asked has gone: only `cancel` and the daemon's end stop it.
        return await control.sync(
          syncRequestOf(request),
          emit,
          AbortSignal.any([stopping, cancelled]),
        );
      case 'dry-run':
        return await control.dryRun(request.masterUrl, AbortSignal.any([gone, cancelled]));
      case 'reset':
        return await control.reset(request.variant, AbortSignal.any([stopping, cancelled]));
      case 'pause':
        return await control.pause();
      case 'resume':
        return await control.resume();
      case 'cancel':
        return await control.cancel();
      case 'subscribe':
        return await subscribe(request.logs, emit, AbortSignal.any([gone, cancelled, stopping]));
    }
  };

  async function subscribe(
    logs: boolean,
    emit: (event: unknown) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const ended = Promise.withResolvers<undefined>();
    const stops = [
      control.watch((event) => emit({ kind: 'sync', event })),
      ...(logs ? [watchLog((line) => emit({ kind: 'log', line }))] : []),
    ];
    signal.addEventListener('abort', () => ended.resolve(undefined), { once: true });
    if (!signal.aborted) await ended.promise;
    for (const stop of stops) stop();
  }
}

function syncRequestOf(request: {
  force: boolean;
  wait: boolean;
  masterUrl?: string | undefined;
}): SyncRequest {
  const { force, wait, masterUrl } = request;
  return { force, wait, ...(masterUrl === undefined ? {} : { masterUrl }) };
}
