import { DemoFailure } from './demo-failure.ts';
import { KEPT_FOLDER, stopKept } from './kept-processes.ts';

try {
  const stopped = await stopKept();
  console.log(
    stopped.length === 0
      ? 'No demo is running.'
      : `Stopped ${stopped.map(({ name }) => name).join(', ')}. Their files are in ${KEPT_FOLDER}.`,
  );
} catch (error) {
  if (!(error instanceof DemoFailure)) throw error;
  console.error([error.message, ...error.details].join('\n  '));
  process.exitCode = 1;
}
