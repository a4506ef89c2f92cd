# SPDX-License-Identifier: Apache-2.0
# usage: perl proxy.pl PORT [delay SECONDS] [stall BYTES]
# Passes connections on to a port of loopback, each with a process of its own: every piece of an answer comes later by
# the delay; after that many bytes of answers, nothing comes any more.
use strict;
use warnings;
use IO::Socket::INET;

my ($port, %how) = @ARGV;
my $listener = IO::Socket::INET->new(Listen => 64, LocalAddr => '127.0.0.1', LocalPort => 0, ReuseAddr => 1)
    or die "no socket: $!\n";
$SIG{CHLD} = 'IGNORE';
setpgrp;
$SIG{TERM} = sub { $SIG{TERM} = 'DEFAULT'; kill 'TERM', -$$; exit };
$| = 1;
print 'listening ', $listener->sockport, "\n";

while (1) {
    my $client = $listener->accept or next;
    my $child;
    select(undef, undef, undef, 0.05) until defined($child = fork);
    next if $child;
    my $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or exit;
    my $passed = 0;
    while (1) {
        my $ready = '';
        vec($ready, $_->fileno, 1) = 1 for $client, $server;
        select($ready, undef, undef, undef);
        for my $pair ([$client, $server], [$server, $client]) {
            my ($from, $to) = @$pair;
            next unless vec($ready, $from->fileno, 1);
            my $size = sysread $from, my $bytes, 65536;
            exit unless $size;
            if ($from == $server) {
                select(undef, undef, undef, $how{delay}) if $how{delay};
                $passed += $size;
                sleep 600 if defined $how{stall} && $passed > $how{stall};
            }
            for (my $sent = 0; $sent < $size;) {
                my $n = syswrite $to, $bytes, $size - $sent, $sent or exit;
                $sent += $n;
            }
        }
    }
}
