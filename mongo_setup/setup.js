// Takes the steps of the file STEPS, in which ${name} stands for the secret of that name: mongosh --nodb setup.js
//
// A step connects to `at` and runs a command on a database, or adds a member to the set. Each may be taken again: an error of `done`
// says that it was taken before. The first two of one.json are nobody's, which MongoDB allows on its own machine until there is a user;
// then they are unauthorized. containers/replicaset_test.go takes the same steps.
const fs = require('fs');

const patience = 60 * 1000; // for a node that starts, and a set that has no primary yet
const secret = (_, name) => fs.readFileSync(process.env.SECRETS + '/' + name, 'utf8');
const { steps } = EJSON.parse(fs.readFileSync(process.env.STEPS, 'utf8').replace(/\$\{([a-z-]+)\}/g, secret));

function add(db, member) {
  const { config } = db.runCommand({ replSetGetConfig: 1 });
  if (!config.members.some((m) => m.host === member.host)) {
    config.version += 1;
    config.members.push(member);
    db.runCommand({ replSetReconfig: config });
  }
  const { members } = db.runCommand({ replSetGetStatus: 1 });
  if (!members.some((m) => m.name === member.host && ['PRIMARY', 'SECONDARY'].includes(m.stateStr))) {
    throw new Error(member.host + ' has not caught up yet');
  }
}

function take(step) {
  const db = new Mongo(step.at).getDB(step.on);
  if (step.add) {
    add(db, step.add);
    return;
  }
  try {
    db.runCommand(step.run);
  } catch (e) {
    if (!step.done.includes(e.codeName)) throw e;
  }
}

for (const step of steps) {
  const until = Date.now() + patience;
  let taken = false;
  while (!taken) {
    try {
      take(step);
      taken = true;
    } catch (e) {
      if (Date.now() > until) throw e;
      sleep(500);
    }
  }
  print('there is ' + step.what);
}
