import { acknowledgeRoute } from './acknowledge.ts';
import { digestRoute, digestRowsRoute } from './digest.ts';
import { downloadRoute } from './download.ts';
import { enrollRoute } from './enroll.ts';
import type { SyncRoute } from './route.ts';
import { uploadRoute } from './upload.ts';

/** Every endpoint that needs authentication: one file each of this folder. Add yours here. */
export const syncRoutes: readonly SyncRoute[] = [
  uploadRoute,
  downloadRoute,
  acknowledgeRoute,
  enrollRoute,
  digestRoute,
  digestRowsRoute,
];
