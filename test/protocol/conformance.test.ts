/** The conformance suite (test/conformance) on a whole NIC, through its vfio-user socket. */
import { driveAll } from '../conformance/drive.ts';
import { openVfioUser } from '../conformance/machines/vfio-user.ts';

driveAll('vfio-user', openVfioUser);
