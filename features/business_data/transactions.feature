@business_data
Feature: A change is made completely or not at all
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Save customers and support from repairing half-made changes after an outage
  Value impact:     After an outage customers just try again, and nothing is booked or run twice
  Strategic impact: Books that stay consistent through outages pass financial audits

  @DBL-06 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.own_database
  Rule: An interrupted change leaves nothing behind and can be repeated

    @gate @exclusive
    @needs.allowances @needs.own_records @needs.own_services
    Scenario Outline: An interrupted expense is not booked
      Given Acme is <a plan> customer with an allowance
      When a lost database connection interrupts Acme's booking of an expense
      Then Acme sees no part of the change during or after the interruption
      And Acme is asked to try again

      Examples:
        | a plan        |
        | a Mid         |
        | an Enterprise |

    @gate @exclusive
    @needs.allowances @needs.own_records @needs.own_services
    Scenario: An interrupted expense can be booked again
      Given Acme is a Mid customer with an allowance
      And a lost database connection has interrupted Acme's booking of an expense
      When Acme books the expense again
      Then Acme has exactly one booked expense

    @gate @exclusive
    @needs.conversations @needs.known_writes @needs.own_services
    Scenario Outline: A run whose request is interrupted does not start
      Given Acme is <a plan> customer with stored usage
      When a lost database connection interrupts Acme's request for a usage report
      Then Acme sees no part of the change during or after the interruption
      And Acme is asked to try again

      Examples:
        | a plan   |
        | a Free   |
        | an Early |

    @gate @exclusive
    @needs.conversations @needs.known_writes @needs.own_services
    Scenario: A run whose request was interrupted can be requested again
      Given Acme is an Early customer with stored usage
      And a lost database connection has interrupted Acme's request for a usage report
      When Acme starts a usage report
      Then Acme has exactly one complete run

    @gate @exclusive
    @needs.accounts @needs.sessions @needs.own_records @needs.own_services
    Scenario: A session whose renewal was interrupted can be renewed
      Given Acme is a Mid customer
      And a lost database connection has interrupted Acme's renewal of the session
      When Acme renews the session again
      Then Acme has exactly one renewed session

    @gate
    @needs.accounts @needs.colleagues
    Scenario: An invitation whose acceptance failed once can still be accepted
      Given Acme is a Mid customer
      And Ben of Acme has an invitation that was refused while the email address was taken
      When Ben of Acme accepts the invitation
      Then Ben of Acme has an account

    @smoke
    @needs.live_events @needs.run_numbers @needs.own_records
    @needs.partner
    Scenario: A run whose completion is interrupted still completes
      Given Acme watches events
      And Acme has started an agent that waits for the partner
      When a lost database connection interrupts Acme's run as it completes
      Then Acme sees no part of the change during the interruption
      And Acme has exactly one complete run
      And Acme has received every event of the run in order, each once

    @gate
    @needs.live_events @needs.run_numbers @needs.own_records
    @needs.partner
    Scenario: A run that is interrupted before its end is announced still completes
      Given Acme watches events
      And Acme has started an agent that waits for the partner
      When a lost database connection interrupts Acme's run before its end is announced
      Then Acme sees no part of the change during the interruption
      And Acme has exactly one complete run
      And Acme has received every event of the run in order, each once
