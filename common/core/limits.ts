/** Most bytes of row content in one download page. */
export const MAX_PAGE_BYTES = 4 * 1024 * 1024;
