@service_coordination @gate @exclusive
Feature: The death of one instance is not the customer's problem
  Segment:          Free, Mid and Enterprise
  Business goal:    Keep promises to customers while machines fail
  Value impact:     Every job ends with its result, and nothing is done twice on the way there
  Strategic impact: Cheap machines that may fail serve as well as dear ones

  @CSC-04 @segment.free @segment.mid @segment.enterprise
  Rule: When one of two instances dies, every job is completed by the other, and nothing is carried out twice

    Scenario Outline: One of two instances dies while both are at work
      Given Acme is <a plan> customer
      And Acme watches
      And two tools instances are at work
      When the <which> of them dies while both work on twenty jobs of Acme
      Then each job was given what it had asked for, and the partner has answered each question once
      And every service has each job on record once, and all records agree

      Examples:
        | a plan        | which  |
        | an Enterprise | first  |
        | a Free        | second |

    Scenario: What was done before its answer was lost is not done again
      Given Acme is a Mid customer
      And Acme watches
      And two tools instances are at work
      When Acme has four surveys made side by side while the answers of the first are lost on their way
      Then each job was given what it had asked for, and the partner has answered each question once
      And every service has each job on record once, and all records agree
