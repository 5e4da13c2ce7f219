import type { MasterCommand } from '../command.ts';

/** `config`: every setting, its value and where it came from. */
export const configCommand: MasterCommand = {
  words: 'config',
  summary: 'show every setting, its value and where it came from',
  examples: [
    ['master config', 'secrets are masked'],
    ['master config --json', 'the same for programs, with what each setting allows'],
  ],
  execute: async (call) => {
    const { loadConfigFor } = await import('../open-master.ts');
    const { describeSettings } = await import('../../../common/runtime/settings.ts');
    const { tableText } = await import('../../../common/cli/table-text.ts');
    const { safeText } = await import('../../../common/core/safe-text.ts');
    const loaded = await loadConfigFor(call);
    const settings = describeSettings(loaded);
    const { warnings } = loaded;
    call.output.result({ settings, warnings }, () => [
      ...tableText(
        ['SETTING', 'VALUE', 'FROM', 'MEANING'],
        settings.map((setting) => [
          setting.name,
          setting.value,
          setting.source,
          setting.description,
        ]),
      ),
      ...warnings.map((warning) => `warning: ${safeText(warning)}`),
    ]);
  },
};
