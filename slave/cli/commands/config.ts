import { tableText } from '../../../common/cli/table-text.ts';
import type { CliCommand } from '../command.ts';
import { hasFlag, jsonOption } from '../options.ts';
import { shown } from '../output.ts';
import { loadConfig } from '../session.ts';

/** `config`: every setting, its value and where it came from. */
export const configCommand: CliCommand = {
  path: ['config'],
  summary: 'show all settings and where they come from; secrets are masked',
  options: [jsonOption],
  examples: ['slave config', 'slave config --json'],
  run: async (context, input) => {
    const loaded = await loadConfig(context, input);
    const { describeSettings } = await import('../../../common/runtime/settings.ts');
    const settings = describeSettings(loaded);
    if (hasFlag(input, 'json')) {
      context.output.json({ settings, warnings: loaded.warnings });
      return;
    }
    const rows = settings.map(({ name, value, source, description }) => [
      name,
      value,
      source,
      description,
    ]);
    context.output.lines(tableText(['setting', 'value', 'from', 'what it is'], rows));
    for (const warning of loaded.warnings) context.output.remark(`warning: ${shown(warning)}`);
  },
};
