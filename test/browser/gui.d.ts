// biome-ignore-all lint/suspicious/noExplicitAny: what the GUI reads has no types of its own
export interface Gui {
  tokens(): { idToken: string; accessToken: string; refreshToken: string; exp: number };
  login(email: string, password: string): Promise<any>;
  profile(): Promise<any>;
  refresh(): Promise<void>;
  open(path: string, body: object): Promise<any>;
  changePassword(oldPassword: string, newPassword: string): Promise<any>;
  dataRead(): Promise<any[]>;
  dataUpdate(fileid: string, filename: string): Promise<any>;
  dataDelete(id: string): Promise<any>;
  upload(
    file: Blob,
    filename: string,
  ): Promise<{ begun: any; parts: { partNumber: number; etag: string }[]; ended: any }>;
  count(mode: string): Promise<any>;
  units(mode: string): Promise<any>;
  unitDelete(computingUnitId: string): Promise<any>;
  queue(job: object): Promise<number>;
  queueAll(jobs: object[]): Promise<{ statuses: number[]; jobs: any[] }>;
  poll(): Promise<any[]>;
  jobs(): Promise<any[]>;
  jobDelete(id: string): Promise<any>;
  unzip(location: string): Promise<any>;
  rois(pipelineId: string): Promise<any[]>;
  saveRoi(
    pipelineId: string,
    filename: string,
    zip: Uint8Array,
    sliceMM: object,
  ): Promise<{ access_url: string; bytes: Uint8Array }>;
  roiDelete(id: string): Promise<any>;
  mount(): Promise<any[]>;
}
export function createGui(base: string): Gui;
export function quotaMessage(body?: object): string | undefined;
export function fetchBytes(link: string): Promise<Uint8Array>;
