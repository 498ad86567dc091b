#!/usr/bin/node
// An MCP server with one tool, whose name says how many network interfaces Node sees.
const interfaces = Object.keys(require('os').networkInterfaces()).length;
const results = {
  'initialize': {
    protocolVersion: '2025-06-18', capabilities: {tools: {}},
    serverInfo: {name: 'node', version: '1'},
  },
  'tools/list': {
    tools: [{name: `sees_${interfaces}`, description: 'Looks.', inputSchema: {type: 'object'}}],
  },
};
require('readline').createInterface({input: process.stdin}).on('line', line => {
  const {id, method} = JSON.parse(line);
  if (id === undefined) return;
  const result = results[method];
  console.log(JSON.stringify({
    jsonrpc: '2.0', id, ...(result ? {result} : {error: {code: -32601, message: 'no'}}),
  }));
});
